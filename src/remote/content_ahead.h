#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "core/snapshot_view.h"
#include "remote/listing_ahead.h"
#include "remote/view_requests.h"
#include "wire/view_messages.h"

namespace snapferry::remote {

// The content of the files of one snapshot far away. While files are read in the order of a walk,
// or a big one from front to back, what comes next is asked for in the same question, and later
// before it is needed, so that the line is never idle.
//
// Memory: the answers of three questions, each at most 3 MiB. Safe from several threads.
class ContentAhead {
 public:
  // Borrows both.
  ContentAhead(ViewRequests& requests, wire::SnapshotName snapshot, ListingAhead& listings)
      : requests_(requests), snapshot_(std::move(snapshot)), listings_(listings) {}

  // As SnapshotView says; Corrupt where the far end answers something else.
  Bytes read(const FileRange& range);

 private:
  // One question and its answer, which is read as far as somebody needs it.
  class Batch {
   public:
    Batch(ViewRequests& requests, const wire::SnapshotName& snapshot,
          std::vector<FileRange> ranges);

    const std::vector<FileRange>& ranges() const { return ranges_; }
    // Of the range of this number, once.
    Bytes take(std::size_t index);

    // The owner's.
    std::size_t used = 0;
    bool continued = false;

   private:
    void read_next();
    void finish();

    const std::vector<FileRange> ranges_;
    std::mutex mutex_;  // of what follows
    std::unique_ptr<Stream> stream_;
    std::optional<wire::RecordReader> records_;
    std::vector<wire::ViewPiece> pieces_;
    std::optional<Error> failure_;
  };
  using SharedBatch = std::shared_ptr<Batch>;
  using Key = std::tuple<std::string, std::string, std::uint64_t, std::uint64_t>;
  struct Waiting {
    SharedBatch batch;
    std::size_t index;
  };

  // These need mutex_.
  std::optional<Waiting> take_waiting(const FileRange& range);
  SharedBatch ask(std::vector<FileRange> ranges, bool for_first);
  void go_on_behind(Batch& batch);
  void adjust_ahead();

  ViewRequests& requests_;
  const wire::SnapshotName snapshot_;
  ListingAhead& listings_;

  std::mutex mutex_;  // of what follows
  std::map<Key, Waiting> waiting_;
  std::list<SharedBatch> batches_;  // the newest first
  std::uint64_t ahead_ = 0;         // bytes
  unsigned asked_ = 0;
  std::size_t guessed_ = 0;  // ranges that were asked for ahead since the last miss
  std::size_t used_ = 0;     // of those, how many were needed
};

}  // namespace snapferry::remote
