#include "replication/store_memory.h"

#include <algorithm>
#include <map>

#include "replication/asked.h"

namespace snapferry::replication {
namespace {

AskedVolume::State state_of(Outcome outcome) {
  if (outcome == Outcome::Skipped) return AskedVolume::State::Excluded;
  if (outcome == Outcome::Sent) return AskedVolume::State::Arrived;
  return outcome == Outcome::Unchanged ? AskedVolume::State::Present : AskedVolume::State::Waiting;
}

// A run that takes no snapshots of its set brings those that there are.
Evidence evidence_of(const RunOptions& options) {
  return options.take_nothing ? Evidence::AnySet : Evidence::OwnSet;
}

void record(RunState& run, const ExpectationChange& change) {
  auto recorded = run.asked_for.record(change);
  if (recorded.trouble.empty()) return;
  (recorded.too_old ? run.report.notes : run.report.warnings)
      .push_back(std::move(recorded.trouble));
}

void warn_of_retired(RunState& run) {
  std::vector<std::string> failed;
  for (const std::string& volume : run.order) {
    if (run.progressions[volume].outcome.outcome == Outcome::Failed) failed.push_back(volume);
  }
  for (const std::string& name : run.asked_for.retired(run.options.set, failed, run.replicas)) {
    run.report.warnings.push_back(
        name +
        ": is retired, so 'check' does not tell that it is not backed up; to have it expected: "
        "snapferry retire --undo '" +
        run.options.host + ":" + name + "'");
  }
}

// When the volume was found as the store has it: now, unless the source is a copy itself, which
// proves no more than it knows of the volume. 0: never.
std::int64_t time_unchanged(const RunState& run, const std::string& name) {
  for (const VolumeState& volume : run.volumes) {
    if (volume.name == name && volume.last_unchanged) return *volume.last_unchanged;
  }
  return run.report.started;
}

}  // namespace

std::string record_unreached(Store& store, const RunOptions& options) {
  try {
    const auto replicas = store.inventory(options.host);
    if (options.recognise) options.recognise(store.identity());
    std::vector<AskedVolume> asked;
    for (const std::string& pattern : options.patterns) asked.push_back({pattern, pattern});
    const auto change = asked_change(options.set, evidence_of(options), asked, {}, replicas);
    const auto recorded = AskedFor(store, options.host).record(change);
    return recorded.too_old ? std::string() : recorded.trouble;
  } catch (const NoSuchStore&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    return "what was asked for could not be recorded: " + error.message();
  }
}

void record_first(RunState& run, const std::vector<VolumePlan>& plans) {
  std::vector<AskedVolume> asked;
  for (const VolumePlan& plan : plans) {
    if (plan.verdict != Verdict::Skip) asked.push_back({plan.volume, plan.replica.path});
  }
  record(run, asked_change(run.options.set, evidence_of(run.options), asked, {}, run.replicas));
}

void record_asked(RunState& run) {
  std::vector<AskedVolume> asked;
  for (const std::string& volume : run.order) {
    const VolumeOutcome& outcome = run.progressions[volume].outcome;
    asked.push_back({volume, outcome.replica.path, state_of(outcome.outcome)});
  }
  record(run, asked_change(run.options.set, evidence_of(run.options), asked, run.options.patterns,
                           run.replicas));
  warn_of_retired(run);
}

void record_unchanged(RunState& run) {
  std::map<std::int64_t, std::vector<VolumeName>> unchanged;
  for (const FreezeDecision& decision : run.report.decisions) {
    const VolumeOutcome& outcome = run.progressions[decision.volume].outcome;
    const bool has_own_time = decision.action == FreezeAction::Freeze && !decision.same_as_of;
    if (decision.nothing_written && !has_own_time &&
        (outcome.outcome == Outcome::Unchanged || outcome.outcome == Outcome::Sent)) {
      unchanged[time_unchanged(run, decision.volume)].push_back(outcome.replica);
    }
  }
  unchanged.erase(0);
  try {
    for (auto& [time, volumes] : unchanged) {
      std::sort(volumes.begin(), volumes.end());
      run.store.record_unchanged(run.options.set, time, volumes);
    }
  } catch (const Error& error) {
    run.report.warnings.push_back("that volumes were found unchanged could not be recorded: " +
                                  error.message());
  }
}

}  // namespace snapferry::replication
