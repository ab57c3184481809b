#include "replication/plan_outcome.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "replication/plan_text.h"

namespace snapferry::replication {
namespace {

// Nobody is told that all is well who has no copy.
constexpr const char* kNothingToSend =
    "neither the volume nor the store has a snapshot of it; run without --no-snapshot";

std::string first_base(const VolumePlan& plan) {
  for (const Step& step : plan.steps) {
    const StreamRequest* stream = nullptr;
    if (const auto* send = std::get_if<SendStep>(&step.what)) stream = &send->stream;
    if (const auto* resume = std::get_if<ResumeStep>(&step.what)) stream = &resume->stream;
    if (stream == nullptr) continue;
    if (!stream->base) return {};
    return (stream->base->kind == PointKind::Bookmark ? "#" : "@") + stream->base->name;
  }
  return {};
}

}  // namespace

bool sends(const VolumePlan& plan) {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return std::holds_alternative<SendStep>(step.what) ||
           std::holds_alternative<ResumeStep>(step.what);
  });
}

void note_plan(RunState& run, const VolumePlan& plan) {
  Progression& progression = run.progressions[plan.volume];
  VolumeOutcome& outcome = progression.outcome;
  outcome.replica = plan.replica;
  for (std::string& line : step_lines(plan)) outcome.steps.push_back(std::move(line));
  if (!plan.set_aside.empty()) {
    outcome.warning = plan.volume + ": " + plan.set_aside +
                      "; that copy is set aside, whole, and a new one begun with a full stream";
  }
  if (!sends(plan)) return;
  if (!progression.tried) {
    outcome.reason = plan.reason;
    outcome.base = first_base(plan);
  }
  progression.tried = true;
}

void accept(RunState& run, const VolumePlan& plan) {
  Progression& progression = run.progressions[plan.volume];
  VolumeOutcome& outcome = progression.outcome;
  outcome.replica = plan.replica;
  if (plan.newest) outcome.snapshot = plan.newest->name;
  if (plan.settlement) run.settlements.push_back(*plan.settlement);
  switch (plan.verdict) {
    case Verdict::Skip:
      outcome.reason = plan.reason;
      return run.finish(plan.volume, Outcome::Skipped);
    case Verdict::Conflict:
      outcome.reason = plan.reason;
      outcome.conflict = plan.conflict->kind;
      return run.finish(plan.volume, Outcome::Conflict);
    default:
      return conclude_volume(run, plan, progression.tried);
  }
}

void conclude_volume(RunState& run, const VolumePlan& plan, bool was_sent) {
  if (!plan.newest) return run.fail(plan.volume, ErrorKind::NotFound, kNothingToSend);
  run.finish(plan.volume, was_sent ? Outcome::Sent : Outcome::Unchanged);
}

void warn_of_decrypted(RunState& run, const std::vector<VolumePlan>& plans) {
  if (run.options.raw == RawPolicy::Decrypt || !run.report.plans.empty()) return;
  std::string names;
  for (const VolumePlan& plan : plans) {
    if (plan.decrypted) names.append(names.empty() ? "" : ", ").append(plan.volume);
  }
  if (names.empty()) return;
  run.report.warnings.push_back(
      names +
      ": encrypted here, and received decrypted, so the store can read it unless it is "
      "encrypted itself; pass --decrypt to agree, or --raw --start-anew to begin again "
      "encrypted");
}

}  // namespace snapferry::replication
