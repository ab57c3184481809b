#pragma once

#include <optional>
#include <string>
#include <vector>

#include "replication/plan.h"

namespace snapferry::replication {

// A volume and the replica that it goes on in.
struct Match {
  const VolumeState* volume = nullptr;
  const ReplicaState* replica = nullptr;  // nullptr: the store has none
  VolumeName name;                        // of the replica, there or to be made
  // Beside the replica of its own name, or where there is none: another one that has its
  // snapshots, and that cannot be followed.
  const ReplicaState* foreign = nullptr;
  // One that was set aside under this volume's name and has its snapshots.
  const ReplicaState* aside = nullptr;
  // One that was set aside under this volume's name and has snapshots of the run's set.
  const ReplicaState* aside_before = nullptr;
  // All that may be another name's and have its snapshots; none that were set aside.
  std::vector<const ReplicaState*> others;
  // Several volumes of the source have the snapshots of `foreign`.
  bool ambiguous = false;
};

// One for each volume, in order. A volume without a replica of its name follows one that has
// snapshots of it, if the source is known to have no other volume of that replica's name.
std::vector<Match> match_replicas(const std::vector<VolumeState>& source,
                                  const std::vector<ReplicaState>& store, const Policy& policy);

}  // namespace snapferry::replication
