#include "replication/asked.h"

#include <algorithm>

#include "core/error.h"

namespace snapferry::replication {
namespace {

bool has_snapshot(const std::vector<ReplicaState>& replicas, const std::string& name) {
  return std::ranges::any_of(replicas, [&](const ReplicaState& replica) {
    return !replica.points.empty() && is_awaited_as(name, replica.volume.path);
  });
}

}  // namespace

ExpectationChange asked_change(const std::string& set, const std::vector<AskedVolume>& asked,
                               const std::vector<std::string>& patterns,
                               const std::vector<ReplicaState>& replicas) {
  ExpectationChange change;
  change.set = set;
  for (const AskedVolume& volume : asked) {
    if (volume.state == AskedVolume::State::Arrived) {
      change.arrived.push_back(volume.name);
      if (volume.replica != volume.name) change.arrived.push_back(volume.replica);
    } else if (has_snapshot(replicas, volume.name) || has_snapshot(replicas, volume.replica)) {
      continue;
    } else if (volume.state == AskedVolume::State::Excluded) {
      change.settled.push_back(volume.name);
    } else if (volume.state == AskedVolume::State::Waiting) {
      change.missing.push_back(volume.name);
    }
  }
  for (const std::string& pattern : patterns) {
    if (std::ranges::find(asked, pattern, &AskedVolume::name) == asked.end() &&
        !has_snapshot(replicas, pattern)) {
      change.settled.push_back(pattern);
    }
  }
  return change;
}

std::string AskedFor::record(const ExpectationChange& change) {
  if (change.tells_nothing()) return {};
  try {
    if (!known_) {
      const auto found = store_.expectations(host_);
      known_ = found.contains(host_) ? found.at(host_) : HostExpectations();
    }
    const HostExpectations after = changed(*known_, change);
    if (after == *known_) return {};
    store_.change_expectations(host_, reduced(change, *known_));
    known_ = after;
    return {};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    return "what was asked for could not be recorded: " + error.message();
  }
}

}  // namespace snapferry::replication
