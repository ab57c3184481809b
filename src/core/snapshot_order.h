#pragma once

#include <vector>

#include "core/snapshot.h"

namespace snapferry {

// Which of two snapshots is the older one, by what their store saw: sequence, then the claimed
// time, then id. A host whose clock is wrong cannot put its snapshot before or after others; among
// snapshots without a sequence nothing better than the claim is known.
bool is_older(const Snapshot& one, const Snapshot& two);

// When each snapshot was taken as far as that can be trusted, for rules and ages: as the storage
// saw it, or as its host claimed where the storage has no clock, but never later than a snapshot of
// the same volume and set that comes after it. `oldest_first` is in the order of is_older().
std::vector<Timestamp> effective_times(const std::vector<Snapshot>& oldest_first);

}  // namespace snapferry
