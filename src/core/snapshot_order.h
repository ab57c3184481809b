#pragma once

#include <vector>

#include "core/snapshot.h"

namespace snapferry {

// Which of two snapshots is the older one, by what their store saw: sequence, then the claimed
// time, then id. A host whose clock is wrong cannot put its snapshot before or after others; among
// snapshots without a sequence nothing better than the claim is known.
bool is_older(const Snapshot& one, const Snapshot& two);

// When each snapshot was taken as far as that can be trusted, for rules and ages. Each has up to
// two witnesses, the storage's clock and the host's, and either may have been wrong for any while;
// the order is known. So of the snapshots of one volume and set as many witnesses are believed as
// agree with the order, those of the storage before those of hosts, and later ones before earlier
// ones. A time after `now` is believed only where the newest snapshot has no other: then it is not
// known which of the clocks is wrong. What nobody vouches for counts as taken when the next one
// was, or, the newest, when the one before was. `oldest_first` is in the order of is_older(); so
// are the times of a volume and set.
std::vector<Timestamp> effective_times(const std::vector<Snapshot>& oldest_first, Timestamp now);

}  // namespace snapferry
