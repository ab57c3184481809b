#pragma once

#include <vector>

#include "core/snapshot.h"

namespace snapferry {

// Which of two snapshots is the older one, by what their store saw: sequence, then the claimed
// time, then id. A host whose clock is wrong cannot put its snapshot before or after others; among
// snapshots without a sequence nothing better than the claim is known.
bool is_older(const Snapshot& one, const Snapshot& two);

// When a snapshot was taken, for rules and ages.
struct EffectiveTime {
  Timestamp time;
  // Whether somebody vouches for it, give or take an hour; else it is that of a neighbour, which
  // says no more than the order. What it is of may be removed, so no rule goes by such a time.
  bool is_known = true;
  bool operator==(const EffectiveTime&) const = default;
};

// When each snapshot was taken as far as that can be trusted. Each has up to two witnesses, the
// storage's clock and the host's, and either may have been wrong for any while; the order is known.
// So of the snapshots of one volume and set as many witnesses are believed as agree with the order,
// those of the storage before those of hosts, and later ones before earlier ones. A time after
// `now` is believed only where the newest snapshot has no other: then it is not known which of the
// clocks is wrong. What nobody vouches for counts as taken when the next one was, or, the newest,
// when the one before was; so does what nobody claims anything of (time 0). `oldest_first` is in
// the order of is_older(); so are the times of a volume and set.
std::vector<EffectiveTime> effective_times(const std::vector<Snapshot>& oldest_first,
                                           Timestamp now);

// The same for one chain that is in order already, whatever sets its snapshots are of.
std::vector<EffectiveTime> effective_times_of_chain(const std::vector<const Snapshot*>& chain,
                                                    Timestamp now);

}  // namespace snapferry
