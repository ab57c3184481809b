#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/entry.h"

namespace snapferry::tree {

class RestoreDirectory;

// Which entries of a snapshot are names of one file, and where its first name was
// restored. Memory: one path for each such file. Safe from several threads.
class LinkRecords {
 public:
  struct Place {
    std::string path;  // relative to the target
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
  };
  // A name that comes up while the file is being restored. Holds its directory.
  struct Waiting {
    RestoreDirectory* directory;
    Entry entry;
  };
  enum class Claim {
    First,     // the caller restores it, and calls complete() or give_up()
    Waiting,   // `entry` was taken and comes back from one of these
    Restored,  // `place` says where
  };

  // Calls `wait` before `entry` is taken.
  template <typename Wait>
  Claim claim(RestoreDirectory& directory, Entry& entry, Place& place, const Wait& wait) {
    const std::lock_guard lock(mutex_);
    const auto [record, added] = records_.try_emplace(key_of(entry));
    if (added) return Claim::First;
    if (record->second.restored) {
      place = record->second.place;
      return Claim::Restored;
    }
    wait();
    record->second.waiting.push_back({&directory, std::move(entry)});
    return Claim::Waiting;
  }

  // Both return who waited.
  std::vector<Waiting> complete(const Entry& entry, Place place);
  std::vector<Waiting> give_up(const Entry& entry);

  // Lets go of everyone who still waits.
  std::vector<Waiting> abandon();

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  struct Record {
    bool restored = false;
    Place place;
    std::vector<Waiting> waiting;
  };
  static Key key_of(const Entry& entry) { return {entry.link_device.value_or(0), entry.inode}; }

  std::mutex mutex_;
  std::map<Key, Record> records_;
};

}  // namespace snapferry::tree
