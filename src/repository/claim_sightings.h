#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/object_id.h"

namespace snapferry::repository {

// Remembers in the local cache since when each claim of others was seen unchanged, by this
// machine's clock: the only age that a claim has where the storage has no clock, or where its time
// lies in the future. Losing it, or a clock that was set, makes claims count as alive longer or
// shorter; neither is a danger (FORMAT.md, "Removing without locks"). Nothing here throws.
class ClaimSightings {
 public:
  // What tells that a claim was written again.
  struct Mark {
    std::int64_t modified = 0;
    std::int64_t refreshed = 0;
    bool operator==(const Mark&) const = default;
  };

  // Of the file `path`; empty: remembers nothing beyond its own life.
  explicit ClaimSightings(std::string path);

  // For how many seconds `claim` has had this mark; 0 the first time, or after it changed.
  std::int64_t unchanged_for(const ObjectId& claim, const Mark& mark, std::int64_t now);

  // Forgets claims that were not asked for since the last call, and writes the file.
  void keep_only_seen();

 private:
  struct Sighting {
    Mark mark;
    std::int64_t since = 0;
    bool asked = false;
  };
  void load();

  const std::string path_;
  std::map<ObjectId, Sighting> sightings_;
};

}  // namespace snapferry::repository
