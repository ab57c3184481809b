#pragma once

#include <vector>

#include "core/entry.h"

namespace snapferry {

// What there is to know of when one received snapshot was taken.
struct ClaimedTime {
  Timestamp claimed;  // by the clock of whoever took it; 0: nobody says
  // When the run that brought it began to store, by the store's clock; the same for all that this
  // run brought. 0: unknown.
  Timestamp seen;
};

// When each of `chain` was taken as far as its store can contradict the claim, as Snapshot::seen;
// 0 where it cannot. A snapshot may come long after it was taken: with others that had been waiting
// for the run, or from a store that has it for years. But it was taken after the run before it had
// begun, which would have brought it otherwise, and before the next one; a claim beyond these, give
// or take an hour, cannot be true, and neither can that of the first run where the next one claims
// to be older than the first. Then the newest that a run brought counts as taken when the run
// began. `chain` is in the order in which the snapshots were taken, oldest first.
std::vector<Timestamp> contradicted_claims(const std::vector<ClaimedTime>& chain, Timestamp now);

}  // namespace snapferry
