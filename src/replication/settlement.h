#pragma once

#include <optional>
#include <set>
#include <vector>

#include "replication/plan.h"

namespace snapferry::replication {

// What the source is to do for a volume once the store has `newest`, and, among its snapshots,
// `in_store`: the cursor moves to the newest snapshot of the set, and to a bookmark of the newest
// one of all; older snapshots of the set and older bookmarks of the cursor go, but none of
// `needed`.
//
// nullopt: the source is as it should be. After a transfer there is always something to do.
std::optional<Settlement> settle_after(const VolumeState& volume, const Point& newest,
                                       const std::set<Guid>& in_store, bool transferred,
                                       const Policy& policy, const std::set<Guid>& needed = {});

}  // namespace snapferry::replication
