#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/entry.h"
#include "core/store.h"
#include "platform/command.h"
#include "zfs/store_listing.h"

namespace snapferry::zfs {

struct ReadBack {
  std::vector<ReplicaDamage> damages;
  // Something that the newest snapshot has cannot be read, so that all that came in next would
  // share it. nullopt: nobody could find out.
  std::optional<bool> newest_is_damaged;
};

// Reads all snapshots of a replica as streams, which nobody keeps: the first one whole, and what
// each later one changed. Where something of that cannot be read, the newest one is read whole.
// Throws Cancelled.
ReadBack read_back(platform::Commands& commands, const ReplicaState& replica,
                   const StoreDataset& dataset, Progress* progress,
                   const Cancellation* cancellation);

// Marks `snapshot` ("backup/web1/tank@name") as damaged, or as that no more (kDamagedProperty).
// One process. Throws as it fails.
void note_damage(platform::Commands& commands, const std::string& snapshot, bool damaged,
                 Timestamp now);

}  // namespace snapferry::zfs
