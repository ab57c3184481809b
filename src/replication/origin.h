#pragma once

#include "replication/plan.h"

namespace snapferry::replication {

// Whether `volume` is the very one that `replica` was made from, whatever either is called, and no
// copy of it: what was sent, cloned or restored has snapshots of it, too. Proven is it by what no
// copy has: a bookmark of a cursor of `policy`'s store; of a subvolume, a snapshot that was taken
// here and not received; of a store that is the source, the name of a copy that was set aside.
// False means unknown: simplesnap leaves no bookmarks, and what else a store has are copies alone.
bool is_proven_origin(const VolumeState& volume, const ReplicaState& replica, const Policy& policy);

}  // namespace snapferry::replication
