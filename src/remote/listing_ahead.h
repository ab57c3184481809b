#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/snapshot_view.h"
#include "remote/view_requests.h"
#include "wire/records.h"
#include "wire/view_messages.h"

namespace snapferry::remote {

// The order in which a walk that goes deep before it goes on comes to directories: by their parts,
// a directory before what is in it.
struct WalkOrder {
  bool operator()(std::string_view one, std::string_view other) const;
  bool operator()(const std::pair<std::string, std::uint32_t>& one,
                  const std::pair<std::string, std::uint32_t>& other) const;
};

// The directories of one snapshot far away. While they are listed as a walk does, those that come
// next are asked for together with the one that is needed: the more the better the guesses were.
//
// Memory: 4 MiB of parts, and what a connection holds. Safe from several threads.
class ListingAhead {
 public:
  // Borrows `requests`.
  ListingAhead(ViewRequests& requests, wire::SnapshotName snapshot)
      : requests_(requests), snapshot_(std::move(snapshot)) {}

  // As SnapshotView says; Corrupt where the far end answers something else.
  DirectoryPart list(const std::string& directory, std::uint32_t first);

  // What the content of the files behind `range` would be read by, as far as they are listed: at
  // most `bytes` together, but at least one if there is one. Files with holes and those without
  // content are left out.
  std::vector<FileRange> following(const FileRange& range, std::uint64_t bytes, std::size_t limit);

 private:
  using Key = std::pair<std::string, std::uint32_t>;
  using Part = std::shared_ptr<const DirectoryPart>;
  struct Known {
    Part part;
    std::size_t bytes = 0;
    bool ahead = false;  // nobody needed it so far
    std::list<Key>::iterator use;
  };
  // An answer that is on its way.
  struct Answer {
    explicit Answer(std::unique_ptr<Stream> from) : stream(std::move(from)), records(*stream) {}
    std::unique_ptr<Stream> stream;
    wire::RecordReader records;
  };

  Part find(const Key& key);
  void keep(const Key& key, Part part, std::size_t bytes, bool ahead);
  Part ask(const Key& key);
  // The next part of the answer; nullptr at its end.
  Part take_next(const Key* wanted);
  void take_rest();
  std::uint32_t adjusted_ahead();

  ViewRequests& requests_;
  const wire::SnapshotName snapshot_;

  std::mutex asking_;  // of what follows
  std::unique_ptr<Answer> answer_;
  std::uint32_t ahead_ = 0;
  unsigned asked_ = 0;

  std::mutex mutex_;  // of what follows
  std::map<Key, Known, WalkOrder> known_;
  std::list<Key> uses_;  // the latest first
  std::size_t bytes_ = 0;
  std::size_t guessed_ = 0;  // parts that came ahead, since the last question
  std::size_t used_ = 0;     // of those, how many were needed
};

}  // namespace snapferry::remote
