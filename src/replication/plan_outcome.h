#pragma once

#include <vector>

#include "replication/plan.h"
#include "replication/run_state.h"

namespace snapferry::replication {

// What the plan of a volume means for its outcome.

// It sends a stream, and does not only discard what was half received.
bool sends(const VolumePlan& plan);

// Of a plan with a transfer, before that begins.
void note_plan(RunState& run, const VolumePlan& plan);
// Of one without: the volume has come to its end. Its settlement is one of this round.
void accept(RunState& run, const VolumePlan& plan);
// Of one whose streams have all arrived, or that had none to send.
void conclude_volume(RunState& run, const VolumePlan& plan, bool was_sent);

// Nobody keeps what was encrypted readable without having said so; once in a run.
void warn_of_decrypted(RunState& run, const std::vector<VolumePlan>& plans);

}  // namespace snapferry::replication
