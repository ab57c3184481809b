#include "zfs/stream_inspector.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/dataset_name.h"
#include "zfs/nvlist.h"

namespace snapferry::zfs {
namespace {

// dmu_objset_type_t of OpenZFS, include/sys/dmu.h.
constexpr std::uint32_t kObjsetFilesystem = 2;
constexpr std::uint32_t kObjsetZvol = 3;

// DRR_FLAG_CI_DATA, DRR_FLAG_FREERECORDS, DRR_FLAG_SPILL_BLOCK; not DRR_FLAG_CLONE, with which the
// receiver would look for an origin anywhere in its pool.
constexpr std::uint32_t kKnownBeginFlags = 2 | 4 | 8;

std::uint64_t allowed_features(const StreamRequest& request) {
  const auto& asked = request.features;
  std::uint64_t allowed = kFeatureSaSpill | kFeatureLargeDnode | kFeatureLongName;
  const bool large = asked.large_blocks || asked.raw;
  if (large) allowed |= kFeatureLargeBlocks | kFeatureSwitchToLargeBlocks | kFeatureLargeMicrozap;
  if (asked.embedded || asked.raw) allowed |= kFeatureEmbedded | kFeatureLz4;
  if (asked.compressed || asked.raw) allowed |= kFeatureCompressed | kFeatureLz4 | kFeatureZstd;
  if (asked.raw) allowed |= kFeatureRaw;
  if (!request.resume_token.empty()) allowed |= kFeatureResuming;
  return allowed;
}

bool is_number(const NvPair& pair) { return pair.is(NvPair::Type::Uint64); }

bool is_key_data(const NvPair& pair) {
  return pair.name == "crypt_keydata" && pair.is(NvPair::Type::Nvlist) &&
         std::all_of(pair.pairs.begin(), pair.pairs.end(), [](const NvPair& part) {
           return is_number(part) || part.is(NvPair::Type::Uint8Array);
         });
}

bool is_place_to_resume(const NvPair& pair) {
  return (pair.name == "resume_object" || pair.name == "resume_offset") && is_number(pair);
}

}  // namespace

StreamInspector::StreamInspector(const StreamRequest& request, VolumeType type, ChecksumMode mode)
    : request_(request), type_(type), mode_(mode) {
  partial_.reserve(kRecordSize);
}

void StreamInspector::refuse(const std::string& cause) const {
  throw Error(ErrorKind::Corrupt, "stream, byte " + std::to_string(record_at_) + ", " +
                                      std::string(record_name(record_type_)) + " record: " + cause);
}

void StreamInspector::feed(ByteView bytes) {
  while (!bytes.empty()) bytes = payload_left_ > 0 ? feed_payload(bytes) : feed_record(bytes);
}

std::uint64_t StreamInspector::skippable() const {
  return mode_ == ChecksumMode::Skip && !keep_payload_ ? payload_left_ : 0;
}

void StreamInspector::skip(std::uint64_t size) {
  if (size > skippable()) throw Error(ErrorKind::Internal, "stream: more skipped than it may be");
  payload_left_ -= size;
  offset_ += size;
}

void StreamInspector::finish() const {
  if (complete()) return;
  throw Error(ErrorKind::Corrupt, "stream, byte " + std::to_string(offset_) +
                                      ": ends before it is whole; run the backup again to go on");
}

ByteView StreamInspector::feed_record(ByteView bytes) {
  if (partial_.empty()) record_at_ = offset_;
  if (state_ == State::Done) {
    throw Error(ErrorKind::Corrupt,
                "stream, byte " + std::to_string(offset_) + ": goes on behind its end");
  }
  const std::size_t size = std::min(bytes.size(), kRecordSize - partial_.size());
  partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  offset_ += size;
  if (partial_.size() == kRecordSize) {
    const StreamRecord record(partial_);
    partial_.clear();
    look_at_record(record);
  }
  return bytes.subspan(size);
}

ByteView StreamInspector::feed_payload(ByteView bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), payload_left_));
  const auto part = bytes.first(size);
  if (keep_payload_ || mode_ == ChecksumMode::Verify) {
    payload_.insert(payload_.end(), part.begin(), part.end());
  }
  payload_left_ -= size;
  offset_ += size;
  if (payload_left_ == 0) {
    if (keep_payload_) check_payload_of_begin();
    if (mode_ == ChecksumMode::Verify) checksum_.add(payload_);
    keep_payload_ = false;
    payload_.clear();
  }
  return bytes.subspan(size);
}

void StreamInspector::look_at_record(const StreamRecord& record) {
  record_type_ = record.type();
  if (record.is(RecordType::Begin)) {
    check_begin(record);
    const bool package = record.stream_kind() == static_cast<std::uint32_t>(StreamKind::Package);
    checksum_ = {};
    add_checksum(record);
    return package ? begin_package(record) : begin_single(record);
  }
  const auto size = record.payload_size();
  if (!size) {
    const bool known = record_type_ <= static_cast<std::uint32_t>(RecordType::Redact);
    refuse(known ? "has no place in this stream, or an impossible size" : "is of an unknown type");
  }
  if (state_ == State::Start) refuse("comes where the stream must begin");
  if (state_ == State::Between) {
    if (!record.is(RecordType::End)) refuse("comes between two snapshots");
    return end_package();
  }
  add_checksum(record);
  if (state_ == State::PackageHeader) {
    if (!record.is(RecordType::End)) refuse("comes in the header of a package");
    state_ = State::Between;
    return;
  }
  if (record.to_guid() != to_.number()) refuse("belongs to another snapshot");
  if (record.is(RecordType::ObjectRange) && (features_ & kFeatureRaw) == 0) {
    refuse("is there although the stream is not raw");
  }
  if (record.is(RecordType::End)) return end_single();
  payload_left_ = *size;
}

void StreamInspector::check_begin(const StreamRecord& record) {
  if (record.magic() == __builtin_bswap64(kStreamMagic)) {
    refuse("comes from a machine of the other byte order, which is not supported");
  }
  if (record.magic() != kStreamMagic) refuse("does not begin as a ZFS stream does");
  if (!record.payload_size()) refuse("has an impossible size");
  check_features(record.features());
  check_name(record);
}

void StreamInspector::check_features(std::uint64_t features) const {
  // The top eight bits of the word are reserved.
  const std::uint64_t unasked = features & ~allowed_features(request_);
  if (unasked == 0) return;
  std::string digits = to_hex(Guid::from_number(unasked).bytes).substr(0, 16);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  refuse("has features that were not asked for: 0x" + digits);
}

void StreamInspector::check_name(const StreamRecord& record) {
  const auto name = record.to_name();
  const auto at = name ? name->find('@') : std::string_view::npos;
  if (at == std::string_view::npos) refuse("names no snapshot");
  const auto dataset = name->substr(0, at);
  snapshot_ = name->substr(at + 1);
  if (!is_dataset_name(dataset) || !is_name_part(snapshot_)) refuse("has an impossible name");
  if (!dataset_) dataset_ = dataset;
  if (*dataset_ != dataset) refuse("is of another volume than the one before it");
}

void StreamInspector::begin_package(const StreamRecord& record) {
  if (state_ != State::Start) refuse("begins a package inside a stream");
  if (request_.intermediates.empty()) refuse("is a package of streams, which was not asked for");
  if (record.payload_size() != 0) refuse("carries properties, which were not asked for");
  if (snapshot_ != request_.to.name) refuse("names another snapshot than was asked for");
  package_ = true;
  state_ = State::PackageHeader;
}

void StreamInspector::begin_single(const StreamRecord& record) {
  if (record.stream_kind() != static_cast<std::uint32_t>(StreamKind::Single)) {
    refuse("is of an unknown kind of stream");
  }
  if (state_ != State::Start && state_ != State::Between) refuse("begins inside a stream");
  if ((record.begin_flags() & ~kKnownBeginFlags) != 0) refuse("is of a clone or has unknown flags");
  const auto wanted = type_ == VolumeType::Zvol ? kObjsetZvol : kObjsetFilesystem;
  if (record.objset_type() != wanted) refuse("is of another type of volume than was asked for");
  features_ = record.features();
  check_snapshot(record);
  payload_left_ = *record.payload_size();
  keep_payload_ = payload_left_ > 0;
  state_ = State::Records;
  if (!keep_payload_ && (features_ & (kFeatureRaw | kFeatureResuming)) != 0) {
    refuse("says nothing about its key or its place");
  }
}

void StreamInspector::check_snapshot(const StreamRecord& record) {
  if (!passed_.empty() && passed_.back() == request_.to.guid) {
    refuse("comes after the wanted snapshot");
  }
  const auto wanted_base = passed_.empty() ? request_.base.value_or(Point{}).guid : passed_.back();
  if (record.begin_from_guid() != wanted_base.number()) {
    refuse(request_.base ? "has another base than was asked for"
                         : "is incremental where all was asked for");
  }
  to_ = Guid::from_number(record.begin_to_guid());
  if (to_.is_zero()) refuse("has no guid");
  const bool unknown = package_ && request_.to.guid.is_zero();
  if (unknown && snapshot_ == request_.to.name) request_.to.guid = to_;
  if (to_ == request_.to.guid) {
    if (snapshot_ != request_.to.name) refuse("names another snapshot than was asked for");
    return;
  }
  if (!package_) refuse("holds another snapshot than was asked for");
  if (snapshot_ == request_.to.name) refuse("has the name of the wanted snapshot and another guid");
  for (const auto& known : request_.intermediates) {
    const bool same_guid = known.guid == to_;
    if (same_guid != (known.name == snapshot_)) refuse("does not fit the listing of the source");
  }
}

void StreamInspector::check_payload_of_begin() const {
  const auto pairs = parse_nvlist(
      payload_, "stream, byte " + std::to_string(record_at_) + ", payload of the BEGIN record");
  const bool raw = (features_ & kFeatureRaw) != 0;
  const bool resuming = (features_ & kFeatureResuming) != 0;
  for (const auto& pair : pairs) {
    const bool wanted = (raw && is_key_data(pair)) || (resuming && is_place_to_resume(pair));
    if (!wanted) refuse("carries '" + pair.name + "', which was not asked for");
  }
}

void StreamInspector::end_single() {
  passed_.push_back(to_);
  state_ = package_ ? State::Between : State::Done;
}

void StreamInspector::end_package() {
  if (passed_.empty() || passed_.back() != request_.to.guid) {
    refuse("ends the package before the wanted snapshot");
  }
  state_ = State::Done;
}

void StreamInspector::add_checksum(const StreamRecord& record) {
  if (mode_ != ChecksumMode::Verify) return;
  const auto before = checksum_.sums();
  checksum_.add(record.bytes().first(kRecordChecksumAt));
  if (!record.is(RecordType::Begin)) {
    auto stated = [&](std::size_t at) {
      Fletcher4::Sums sums{};
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = record.u64(at + 8 * i);
      return sums;
    };
    const auto own = stated(kRecordChecksumAt);
    if (own != Fletcher4::Sums{} && own != checksum_.sums()) refuse("does not fit its checksum");
    if (record.is(RecordType::End) && stated(8) != before) {
      refuse("does not fit the checksum of the stream");
    }
  }
  checksum_.add(record.bytes().subspan(kRecordChecksumAt));
}

}  // namespace snapferry::zfs
