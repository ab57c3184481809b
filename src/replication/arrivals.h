#pragma once

#include <map>
#include <string>

#include "core/expectation.h"
#include "core/store.h"

namespace snapferry::replication {

// What the replica has of each set: "" for snapshots that are of none. A set without a snapshot of
// its own is there where a run of it found the volume unchanged. Pure.
std::map<std::string, Arrival> arrivals_of(const ReplicaState& replica);

}  // namespace snapferry::replication
