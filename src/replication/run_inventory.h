#pragma once

#include "replication/run_state.h"

namespace snapferry::replication {

// Lists both sides at once, and adds to the run what it is about: the volumes that the patterns
// cover, the patterns that could not be listed, and those that cover nothing, which have failed
// then. Throws what keeps the run from having any of them; what was asked for is recorded even so.
void take_inventory(RunState& run);

}  // namespace snapferry::replication
