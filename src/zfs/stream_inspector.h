#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/volume.h"
#include "zfs/fletcher4.h"
#include "zfs/stream_record.h"

namespace snapferry::zfs {

enum class ChecksumMode {
  Skip,    // the kernel that receives the stream checks them
  Verify,  // here, so no payload may be skipped
};

// Looks at a ZFS stream on its way and refuses what was not asked for, before anything else has
// seen it:
//
//   stream  := single | package             a package only where intermediates were asked for
//   single  := BEGIN record* END
//   package := BEGIN END single+ END        the first BEGIN without a payload: no properties
//
// The singles of a package are a chain from the base to the wanted snapshot (which one that is, its
// name alone tells where the request has no guid for it); snapshots that were
// taken or destroyed since the plan was made may be in it or missing. All of them are of one
// volume. A BEGIN has a payload only where the stream is raw or resumed, and then only what these
// need. Features outside the request, clones, redacted and deduplicated streams, big-endian ones
// and unknown records are refused.
//
// Corrupt errors read "stream, byte 1234, WRITE record: CAUSE". Use from one thread.
class StreamInspector {
 public:
  StreamInspector(const StreamRequest& request, VolumeType type, ChecksumMode mode);

  // Looks at the next bytes. Throws Corrupt; they must then not be passed on.
  void feed(ByteView bytes);

  // How many of the next bytes are payload that nobody needs to look at, and the way to leave
  // them out. Always 0 with ChecksumMode::Verify.
  std::uint64_t skippable() const;
  void skip(std::uint64_t size);

  // At the end of the stream; throws Corrupt if it is not whole.
  void finish() const;
  bool complete() const { return state_ == State::Done; }

  std::uint64_t offset() const { return offset_; }
  // The guids of the snapshots that have passed as a whole, oldest first.
  const std::vector<Guid>& passed() const { return passed_; }

 private:
  enum class State {
    Start,          // a BEGIN must come
    PackageHeader,  // the END behind the BEGIN of a package
    Between,        // inside a package: BEGIN, or the END of all
    Records,        // inside a single
    Done,
  };

  [[noreturn]] void refuse(const std::string& cause) const;
  ByteView feed_record(ByteView bytes);
  ByteView feed_payload(ByteView bytes);
  void look_at_record(const StreamRecord& record);
  void begin_package(const StreamRecord& record);
  void begin_single(const StreamRecord& record);
  void check_begin(const StreamRecord& record);
  void check_features(std::uint64_t features) const;
  void check_name(const StreamRecord& record);
  void check_snapshot(const StreamRecord& record);
  void check_payload_of_begin() const;
  void end_single();
  void end_package();
  void add_checksum(const StreamRecord& record);

  StreamRequest request_;
  const VolumeType type_;
  const ChecksumMode mode_;
  State state_ = State::Start;
  bool package_ = false;
  std::uint64_t offset_ = 0;
  std::uint64_t record_at_ = 0;    // the offset of the record that is being looked at
  std::uint32_t record_type_ = 0;  // its type
  Bytes partial_;                  // of a record's fixed part that has not all come
  std::uint64_t payload_left_ = 0;
  bool keep_payload_ = false;  // that of BEGIN
  Bytes payload_;
  std::optional<std::string> dataset_;  // as the first BEGIN names it
  std::string snapshot_;                // as the last BEGIN names it
  std::uint64_t features_ = 0;          // of the last BEGIN
  Guid to_;                             // of the single that passes, or passed last
  std::vector<Guid> passed_;
  Fletcher4 checksum_;
};

}  // namespace snapferry::zfs
