#pragma once

#include <vector>

#include "core/snapshot.h"

namespace snapferry {

// What the newest snapshots of one chain tell of the machines that took them. Snapshots of unknown
// machines tell nothing.
struct MachineHistory {
  // The newest known one is another machine than that of the snapshot asked for.
  const Snapshot* other = nullptr;
  // A machine came back after another one: both are in use under one name.
  bool takes_turns = false;
};

// How many of the newest snapshots count: once the mistake is mended, a chain comes to rest.
inline constexpr std::size_t kMachineHistory = 8;

// Of `chain`, the snapshots of one volume and set, oldest first, continued by one that `machine`
// takes; zeros: as it stands. Borrows the snapshots.
MachineHistory machine_history(const std::vector<const Snapshot*>& chain, const ObjectId& machine);

}  // namespace snapferry
