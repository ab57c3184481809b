#include "simplesnap/stream_head.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/stream_record.h"

namespace snapferry::simplesnap {
namespace {

constexpr std::uint32_t kObjsetZvol = 3;  // dmu_objset_type_t of OpenZFS

[[noreturn]] void refuse_stream() {
  throw Error(ErrorKind::Corrupt,
              "what the far end sends is no stream of zfs send; is something printed when one logs "
              "in there?");
}

}  // namespace

HeadedStream::HeadedStream(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {
  read_record();
  const zfs::StreamRecord first(bytes_);
  if (!first.is(zfs::RecordType::Begin) || first.magic() != zfs::kStreamMagic) refuse_stream();
  head_.package = first.stream_kind() == static_cast<std::uint32_t>(zfs::StreamKind::Package);
  if (head_.package) {
    // Its own BEGIN and END, and then the first single. A payload here would be properties.
    if (first.payload_size() != 0) refuse_stream();
    read_record();
    read_record();
  }
  const zfs::StreamRecord single(ByteView(bytes_).last(zfs::kRecordSize));
  if (!single.is(zfs::RecordType::Begin)) refuse_stream();
  const auto name = first.to_name().value_or("");
  head_.to_name = name.substr(std::min(name.size(), name.find('@') + 1));
  head_.type = single.objset_type() == kObjsetZvol ? VolumeType::Zvol : VolumeType::Filesystem;
  head_.raw = (single.features() & zfs::kFeatureRaw) != 0;
  if (single.begin_from_guid() != 0) head_.base = Guid::from_number(single.begin_from_guid());
  if (!head_.package) head_.to = Guid::from_number(single.begin_to_guid());
}

void HeadedStream::read_record() {
  const std::size_t end = bytes_.size() + zfs::kRecordSize;
  while (bytes_.size() < end) {
    const std::size_t before = bytes_.size();
    bytes_.resize(end);
    const std::size_t size = stream_->read(std::span(bytes_).subspan(before));
    bytes_.resize(before + size);
    if (size > 0) continue;
    stream_->finish();
    throw Error(ErrorKind::Unavailable, "the far end sent less than a stream; run it again");
  }
}

StreamRequest HeadedStream::request() const {
  StreamRequest request;
  request.to.name = head_.to_name;
  request.to.guid = head_.to;
  if (head_.base) {
    request.base.emplace();
    request.base->guid = *head_.base;
  }
  if (head_.package) request.intermediates.emplace_back();
  request.features = {.large_blocks = true, .embedded = true, .compressed = true};
  request.features.raw = head_.raw;
  return request;
}

std::size_t HeadedStream::read(std::span<std::uint8_t> buffer) {
  if (given_ == bytes_.size()) return stream_->read(buffer);
  const std::size_t size = std::min(buffer.size(), bytes_.size() - given_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(given_), size, buffer.begin());
  given_ += size;
  return size;
}

}  // namespace snapferry::simplesnap
