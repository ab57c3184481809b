#pragma once

#include <string>
#include <vector>

#include "replication/plan.h"

namespace snapferry::replication {

// A replica gets the name that its volume has by now.
struct Move {
  VolumeName from;
  VolumeName to;
  std::string was;  // what the volume was named; `from` but where two volumes swapped their names
  bool operator==(const Move&) const = default;
};

// One for each replica that no volume of its own name goes on in and one other volume alone has
// snapshots of: that name is gone from the source; or what has it has none of the snapshots, and
// the other one is proven to be what the replica was made from (origin.h), because a volume can
// lose its snapshots, and a copy of it, as a restore beside it makes one, has them then alone.
// Names that are another path to a volume stay as they are, and so does what was set aside. Where
// they are made in this order, each name is free when its turn comes; two that swapped their names
// go by way of a third one, from where the next plan goes on if only some of the moves are made.
// Nothing is moved onto a replica that stays.
std::vector<Move> plan_moves(const std::vector<VolumeState>& source,
                             const std::vector<ReplicaState>& store, const Policy& policy);

// Whether the store has a replica under the name of one of the volumes that has none of its
// snapshots, and no other volume has any: then it is worth asking the source for volumes that the
// listing did not have to cover.
bool lacks_heir(const std::vector<VolumeState>& source, const std::vector<ReplicaState>& store,
                const Policy& policy);

// The listing of a store in which it was made.
std::vector<ReplicaState> after_move(std::vector<ReplicaState> store, const Move& move);

}  // namespace snapferry::replication
