#pragma once

#include <vector>

#include "replication/run_state.h"

namespace snapferry::replication {

// What a run leaves in the store beside snapshots: what it was asked for, and what it found
// unchanged. Where that cannot be recorded the report warns, and nothing fails.

// Where nothing could be listed. Throws nothing.
void record_unlisted(RunState& run) noexcept;
// Before the first byte crosses, so that what is interrupted was asked for, too.
void record_first(RunState& run, const std::vector<VolumePlan>& plans);
// At the end, from the outcomes.
void record_asked(RunState& run);
// What was looked at and found as the store has it counts as backed up now.
void record_unchanged(RunState& run);

}  // namespace snapferry::replication
