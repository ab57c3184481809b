#include "replication/store_memory.h"

#include <algorithm>

#include "replication/asked.h"

namespace snapferry::replication {
namespace {

AskedVolume::State state_of(Outcome outcome) {
  if (outcome == Outcome::Skipped) return AskedVolume::State::Excluded;
  if (outcome == Outcome::Sent) return AskedVolume::State::Arrived;
  return outcome == Outcome::Unchanged ? AskedVolume::State::Present : AskedVolume::State::Waiting;
}

void record(RunState& run, const ExpectationChange& change) {
  const std::string trouble = run.asked_for.record(change);
  if (!trouble.empty()) run.report.warnings.push_back(trouble);
}

}  // namespace

void record_unlisted(RunState& run) noexcept {
  try {
    run.replicas = run.store.inventory(run.options.host);
    if (run.options.recognise) run.options.recognise(run.store.identity());
    std::vector<AskedVolume> asked;
    for (const std::string& pattern : run.options.patterns) asked.push_back({pattern, pattern});
    run.asked_for.record(asked_change(run.options.set, asked, {}, run.replicas));
  } catch (const std::exception&) {
    // The failure that the run ends with says enough.
  }
}

void record_first(RunState& run, const std::vector<VolumePlan>& plans) {
  std::vector<AskedVolume> asked;
  for (const VolumePlan& plan : plans) {
    if (plan.verdict != Verdict::Skip) asked.push_back({plan.volume, plan.replica.path});
  }
  record(run, asked_change(run.options.set, asked, {}, run.replicas));
}

void record_asked(RunState& run) {
  std::vector<AskedVolume> asked;
  for (const std::string& volume : run.order) {
    const VolumeOutcome& outcome = run.progressions[volume].outcome;
    asked.push_back({volume, outcome.replica.path, state_of(outcome.outcome)});
  }
  record(run, asked_change(run.options.set, asked, run.options.patterns, run.replicas));
}

void record_unchanged(RunState& run) {
  std::vector<VolumeName> unchanged;
  for (const FreezeDecision& decision : run.report.decisions) {
    const VolumeOutcome& outcome = run.progressions[decision.volume].outcome;
    if (decision.nothing_written && decision.action != FreezeAction::Freeze &&
        (outcome.outcome == Outcome::Unchanged || outcome.outcome == Outcome::Sent)) {
      unchanged.push_back(outcome.replica);
    }
  }
  if (unchanged.empty()) return;
  std::sort(unchanged.begin(), unchanged.end());
  try {
    run.store.record_unchanged(run.options.set, run.report.started, unchanged);
  } catch (const Error& error) {
    run.report.warnings.push_back("that volumes were found unchanged could not be recorded: " +
                                  error.message());
  }
}

}  // namespace snapferry::replication
