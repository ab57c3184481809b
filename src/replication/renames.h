#pragma once

#include <string>
#include <vector>

#include "core/volume.h"
#include "replication/moves.h"
#include "replication/plan.h"

namespace snapferry::replication {

// What a source has to be asked beside its listing of a run, so that the plan knows which volumes
// have another name by now. Both ask only where the listings of both sides leave it open.

// Fills in policy.absent and policy.other_paths: what the names of replicas mean at the source by
// now that have snapshots of a volume without a replica of its own (rename_candidates()).
// `patterns` are those that `volumes` is the listing of. What the source does not say stays
// unknown.
void learn_old_names(Source& source, const std::vector<std::string>& patterns,
                     const std::vector<VolumeState>& volumes,
                     const std::vector<ReplicaState>& replicas, Policy& policy);

// plan_moves(), with all that the source shows where `volumes` has no heir of a replica whose name
// another volume has by now. Throws Cancelled.
std::vector<Move> find_moves(Source& source, const std::vector<VolumeState>& volumes,
                             const std::vector<ReplicaState>& replicas, const Policy& policy);

}  // namespace snapferry::replication
