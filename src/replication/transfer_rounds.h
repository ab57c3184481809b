#pragma once

#include "replication/run_state.h"

namespace snapferry::replication {

// Brings what is pending into the store, and settles with the source, in rounds: what failed for a
// passing reason, or has only finished a resumed stream, is planned again from new listings. All
// volumes have come to an end then. Throws nothing but what is not an Error.
void transfer(RunState& run);

}  // namespace snapferry::replication
