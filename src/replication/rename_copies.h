#pragma once

#include "replication/run_state.h"

namespace snapferry::replication {

// What volumes were renamed to, the store is told, so that they are found by these names there, and
// what has their old ones by now gets a place of its own. What fails for a reason that may pass is
// planned again from a new listing; what cannot be done is in the report, and fails no volume that
// can go on without. A dry run moves its own listing alone. Throws Cancelled, and as listings fail.
void rename_copies(RunState& run);

}  // namespace snapferry::replication
