#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "btrfs/stream_record.h"
#include "core/cancellation.h"
#include "core/guid.h"
#include "core/progress.h"
#include "core/stream.h"
#include "core/volume.h"

namespace snapferry::btrfs {

// What a stream must be.
struct StreamPlan {
  struct Step {
    Guid to;
    std::optional<Guid> base;
  };
  std::string subject;      // names the stream in messages
  std::vector<Step> steps;  // one stream behind the other; never empty
  std::vector<Guid> clone_sources;

  static StreamPlan of(const StreamRequest& request);
};

// Takes a stream of `btrfs send` apart on its way, and passes on only what it vouches for: the
// form of each record (StreamRecord) and its checksum; that each step is one subvolume, of the
// planned identity, as a whole or relative to the planned base; that data is reflinked only from
// the step itself, its base or the planned clone sources; that it ends with End, and nothing
// follows. Whether a path of it leads through a symlink depends on what is there: that is refused
// by whoever applies it (SubvolumeWriter).
//
// Memory is bounded whatever the stream says. Refusals are Error(Corrupt) with offset and record.
class StreamInspector {
 public:
  // Borrows all four; the last two may be nullptr.
  StreamInspector(Stream& stream, const StreamPlan& plan, Progress* progress,
                  const Cancellation* cancellation);

  // The next record, valid until the following call; nullptr behind the End of the last step,
  // when the maker of the stream has been heard, too (Stream::finish). Throws what
  // Stream::read() and finish() throw, Corrupt, Cancelled.
  const StreamRecord* next();

  // Of the record that next() returned last: for messages about it.
  [[noreturn]] void refuse(const std::string& cause) const;
  // "STREAM: record 3 at offset 120 (write home/file)".
  std::string place() const;

 private:
  bool fill(std::size_t size);
  void need(std::size_t size);
  ByteView take(std::size_t size);
  void read_header();
  void read_record();
  void check_order();
  void check_begin(const StreamPlan::Step& step) const;
  void check_clone(const StreamPlan::Step& step) const;
  void expect_end();

  Stream& stream_;
  const StreamPlan& plan_;
  Progress* progress_;
  const Cancellation* cancellation_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t begin_ = 0;  // of what was not taken yet
  std::size_t end_ = 0;
  std::uint64_t taken_ = 0;   // bytes of the stream before begin_
  std::uint64_t offset_ = 0;  // of the current record
  std::uint64_t records_ = 0;
  std::uint32_t version_ = 0;
  std::size_t step_ = 0;
  bool in_step_ = false;                  // behind Subvol or Snapshot, before End
  std::optional<std::uint16_t> command_;  // of the current record, known before its form is
  std::optional<StreamRecord> record_;
};

}  // namespace snapferry::btrfs
