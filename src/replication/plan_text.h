#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replication/plan.h"

namespace snapferry::replication {

// "freeze", "send what is there", …
std::string_view to_string(FreezeAction action);

// The name that a step has in --json: "resume", "abort", "set-aside", "send".
std::string_view kind_of(const Step& step);

// One line without its reason: "send @a..@c from @base (3 snapshots)".
std::string text_of(const Step& step);

// A line for each step with its reason: "send …: full: the store has no snapshot of it".
std::vector<std::string> step_lines(const VolumePlan& plan);

// The whole plan for people, a paragraph for each volume. `decisions` are those of the same
// listing.
std::string plan_text(const std::vector<FreezeDecision>& decisions,
                      const std::vector<VolumePlan>& plans);

}  // namespace snapferry::replication
