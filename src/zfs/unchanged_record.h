#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/guid.h"

namespace snapferry::zfs {

// When which replicas of one host were last found unchanged, by set, as the properties
// "snapferry:unchanged.0", ".1", … of the snapshot STORE/HOST@snapferry-unchanged hold it: of a
// snapshot, because those of a dataset are inherited and would stand in every row of a listing;
// not under the name of the set, because a listing can only ask for names that it knows.
//
//   text  := entry (";" entry)*                    cut into parts of kPartSize bytes
//   entry := SET " " TIME " " ID*                  TIME: decimal seconds since 1970
//   ID    := the first 8 hexadecimal digits of the guid of a replica's newest snapshot, so that the
//            entry counts while that is its newest one. (Of the replica's dataset, as an earlier
//            program had it, it counts for nothing.)
class UnchangedRecord {
 public:
  static constexpr std::size_t kParts = 4;
  static constexpr std::size_t kPartSize = 8000;  // a value has less than 8192 bytes

  static std::string property(std::size_t part);

  // What cannot be read is left out: it costs freshness, and the next run writes it anew.
  static UnchangedRecord parse(std::string_view text);

  // Replaces what was known of the replicas whose newest snapshots are `unchanged` in `set`. What
  // is the newest of none, `newest` being those of all of the host, goes.
  void record(const std::string& set, std::int64_t time, const std::vector<Guid>& unchanged,
              const std::vector<Guid>& newest);
  // Of the replica whose newest snapshot is `newest`; by set, ascending.
  std::vector<std::pair<std::string, std::int64_t>> seen(const Guid& newest) const;

  std::string text() const;
  // Throws Unsupported for more than fits: nearly 4000 replicas of a host.
  std::vector<std::string> parts() const;

 private:
  struct Entry {
    std::string set;
    std::int64_t time = 0;
    std::vector<std::string> ids;
  };
  std::vector<Entry> entries_;
};

}  // namespace snapferry::zfs
