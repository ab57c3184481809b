// ZFS streams on their way into a receiver. The request is taken from the stream's own first
// records, so that the fuzzer gets past them. However the bytes are cut, the verdict is the same.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "zfs/stream_inspector.h"

namespace {

using namespace snapferry;

StreamRequest request_for(ByteView bytes) {
  StreamRequest request;
  request.volume = "zfs:tank";
  request.features = {true, true, true, true, true, true, true};
  request.resume_token = "1-0-0-00";
  if (bytes.size() < zfs::kRecordSize) return request;
  const zfs::StreamRecord first(bytes);
  const bool package = first.stream_kind() == 2;
  const auto name = first.to_name().value_or("");
  request.to.name = name.substr(std::min(name.size(), name.find('@') + 1));
  request.to.guid = Guid::from_number(first.begin_to_guid());
  if (package && bytes.size() >= 3 * zfs::kRecordSize) {
    const zfs::StreamRecord begin(bytes.subspan(2 * zfs::kRecordSize));
    request.base.emplace().guid = Guid::from_number(begin.begin_from_guid());
    request.intermediates.emplace_back();
  } else if (first.begin_from_guid() != 0) {
    request.base.emplace().guid = Guid::from_number(first.begin_from_guid());
  }
  return request;
}

bool passes(ByteView bytes, zfs::ChecksumMode mode, std::size_t step) {
  zfs::StreamInspector inspector(request_for(bytes), VolumeType::Filesystem, mode);
  try {
    while (!bytes.empty()) {
      const auto skip = std::min<std::uint64_t>(inspector.skippable(), bytes.size());
      inspector.skip(skip);
      bytes = bytes.subspan(skip);
      const auto part = std::min(step, bytes.size());
      inspector.feed(bytes.first(part));
      bytes = bytes.subspan(part);
    }
    inspector.finish();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const bool whole = passes(bytes, zfs::ChecksumMode::Skip, size + 1);
  if (passes(bytes, zfs::ChecksumMode::Skip, 41) != whole) std::abort();
  const bool verified = passes(bytes, zfs::ChecksumMode::Verify, size + 1);
  if (verified && !whole) std::abort();
  if (passes(bytes, zfs::ChecksumMode::Verify, 1000) != verified) std::abort();
  return 0;
}
