#pragma once

#include <vector>

#include "replication/run_state.h"

namespace snapferry::replication {

// What a run leaves in the store beside snapshots: what it was asked for, and what it found
// unchanged. Where that cannot be recorded the report warns, and nothing fails.

// Before the first byte crosses, so that what is interrupted was asked for, too.
void record_first(RunState& run, const std::vector<VolumePlan>& plans);
// At the end, from the outcomes. Says which volumes that failed are retired, because nobody else
// tells of them.
void record_asked(RunState& run);
// What was looked at and found as the store has it counts as backed up now; where the source is a
// store itself, when that last found it so.
void record_unchanged(RunState& run);

}  // namespace snapferry::replication
