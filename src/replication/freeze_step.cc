#include "replication/freeze_step.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "replication/lineage.h"
#include "replication/snapshot_name.h"

namespace snapferry::replication {
namespace {

constexpr int kNameTries = 20;  // as many runs of a set may begin in the same second

}  // namespace

void FreezeStep::decide() {
  run_.report.decisions = plan_freeze(run_.volumes, run_.replicas, run_.policy);
  for (const FreezeDecision& decision : run_.report.decisions) {
    if (run_.is_pending(decision.volume)) {
      run_.progressions[decision.volume].outcome.reason = decision.reason;
    }
  }
}

std::vector<std::string> FreezeStep::to_freeze() const {
  std::vector<std::string> names;
  for (const FreezeDecision& decision : run_.report.decisions) {
    if (decision.action == FreezeAction::Freeze && run_.is_pending(decision.volume)) {
      names.push_back(decision.volume);
    }
  }
  return names;
}

std::string FreezeStep::free_name() {
  std::set<std::int64_t> taken;
  const auto take_all = [&](const std::vector<Point>& points) {
    for (const Point& point : points) {
      if (const auto name = parse_snapshot_name(point.name)) taken.insert(name->time);
    }
  };
  for (const VolumeState& volume : run_.volumes) take_all(volume.points);
  for (const ReplicaState& replica : run_.replicas) take_all(replica.points);
  do {
    name_time_ = std::max(name_time_ + 1, run_.report.started);
  } while (taken.contains(name_time_));
  return snapshot_name(run_.options.set, name_time_);
}

std::map<std::string, std::vector<std::string>> FreezeStep::names_to_take() {
  std::map<std::string, std::vector<std::string>> volumes;
  std::string free;
  for (const FreezeDecision& decision : run_.report.decisions) {
    if (decision.action != FreezeAction::Freeze || !run_.is_pending(decision.volume)) continue;
    if (!decision.same_as_of && free.empty()) free = free_name();
    const std::string name =
        decision.same_as_of ? snapshot_name(run_.options.set, *decision.same_as_of) : free;
    volumes[name].push_back(decision.volume);
  }
  return volumes;
}

void FreezeStep::freeze() {
  for (unsigned round = 1;; ++round) {
    const std::vector<std::string> names = to_freeze();
    if (names.empty()) return;
    try {
      for (const auto& [name, volumes] : names_to_take()) take_snapshots(name, volumes);
      run_.list_source();
      return require_frozen();
    } catch (const Error& error) {
      if (!is_passing(error.kind()) || round >= run_.options.attempts) {
        for (const std::string& name : names) run_.fail(name, error.kind(), error.message());
        return;
      }
    }
    run_.pause(round);
    // The snapshots may be there, and only the answer was lost.
    run_.list_source();
    decide();
  }
}

// What was frozen is in the listing, or the run would find nothing new and call that unchanged.
void FreezeStep::require_frozen() {
  std::map<std::string_view, const VolumeState*> listed;
  for (const VolumeState& volume : run_.volumes) listed.emplace(volume.name, &volume);
  for (const auto& [name, snapshot] : frozen_) {
    const auto found = listed.find(name);
    // One that is gone altogether is told so.
    if (found == listed.end() || has_guid(found->second->points, snapshot.guid)) continue;
    run_.fail(
        name, ErrorKind::NotFound,
        "its new snapshot " + snapshot.name +
            " is gone again; see what else removes snapshots there, and run the command again");
  }
}

void FreezeStep::take_snapshots(const std::string& first_name,
                                const std::vector<std::string>& volumes) {
  std::string name = first_name;
  for (int tries = 1;; ++tries) {
    try {
      const Freeze result = run_.source.freeze(volumes, name);
      if (!result.frozen.empty()) run_.report.snapshot = name;
      return account_for(volumes, result);
    } catch (const Error& error) {
      // Another run of this set has begun in the same second.
      if (error.kind() != ErrorKind::AlreadyExists || tries >= kNameTries) throw;
    }
    name = free_name();
  }
}

void FreezeStep::account_for(const std::vector<std::string>& names, const Freeze& result) {
  for (const auto& [volume, snapshot] : result.frozen) frozen_[volume] = snapshot;
  for (const VolumeFailure& failure : result.failed) {
    if (run_.progressions.contains(failure.volume)) {
      run_.fail(failure.volume, ErrorKind::Unavailable, failure.message);
    }
  }
  for (const std::string& name : names) {
    if (frozen_.contains(name) || !run_.is_pending(name)) continue;
    run_.fail(name, ErrorKind::Corrupt,
              "the source neither took a snapshot of it nor said why not");
  }
}

}  // namespace snapferry::replication
