#include "replication/asked.h"

#include <algorithm>

#include "core/error.h"
#include "core/volume_pattern.h"
#include "replication/arrivals.h"

namespace snapferry::replication {
namespace {

// The replicas that count as backed up by the run's set.
std::vector<std::string> arrived_paths(const std::string& set, Evidence evidence,
                                       const std::vector<ReplicaState>& replicas) {
  std::vector<std::string> paths;
  for (const ReplicaState& replica : replicas) {
    if (replica.points.empty()) continue;
    if (evidence == Evidence::AnySet || arrivals_of(replica).contains(set)) {
      paths.push_back(replica.volume.path);
    }
  }
  return paths;
}

bool has_any(const std::vector<std::string>& paths, const std::string& name) {
  return std::ranges::any_of(paths,
                             [&](const std::string& path) { return is_awaited_as(name, path); });
}

bool is_pattern(const std::string& name) {
  try {
    return VolumePattern::parse(name).has_wildcards();
  } catch (const Error&) {
    return false;
  }
}

void judge(const AskedVolume& volume, const std::vector<std::string>& there,
           ExpectationChange& change) {
  using State = AskedVolume::State;
  const bool is_there = has_any(there, volume.name) || has_any(there, volume.replica);
  switch (volume.state) {
    case State::Waiting:
      if (!is_there || is_pattern(volume.name)) change.missing.push_back(volume.name);
      return;
    case State::Present:
    case State::Excluded:
      if (is_there) return;
      break;
    case State::Arrived:
      break;
  }
  change.settled.push_back(volume.name);
  if (volume.replica != volume.name) change.settled.push_back(volume.replica);
}

// Something of it has come, by now.
bool brought_any(const std::vector<AskedVolume>& asked, const std::string& pattern) {
  return std::ranges::any_of(asked, [&](const AskedVolume& volume) {
    return volume.state == AskedVolume::State::Arrived && is_awaited_as(pattern, volume.name);
  });
}

std::string in_words(const std::vector<VolumeFailure>& left_out) {
  std::string text = left_out.front().message;
  if (text.find(left_out.front().volume) == text.npos) {
    text = left_out.front().volume + " " + text;
  }
  if (left_out.size() > 1) text += "; and " + std::to_string(left_out.size() - 1) + " more";
  return text;
}

}  // namespace

ExpectationChange asked_change(const std::string& set, Evidence evidence,
                               const std::vector<AskedVolume>& asked,
                               const std::vector<std::string>& patterns,
                               const std::vector<ReplicaState>& replicas) {
  const auto there = arrived_paths(set, evidence, replicas);
  ExpectationChange change;
  change.set = set;
  for (const AskedVolume& volume : asked) judge(volume, there, change);
  for (const std::string& pattern : patterns) {
    const bool is_asked = std::ranges::find(asked, pattern, &AskedVolume::name) != asked.end();
    if (!is_asked && (!has_any(there, pattern) || brought_any(asked, pattern))) {
      change.settled.push_back(pattern);
    }
  }
  return change;
}

const HostExpectations& AskedFor::known() {
  if (!known_) {
    const auto found = store_.expectations(host_);
    known_ = found.contains(host_) ? found.at(host_) : HostExpectations();
  }
  return *known_;
}

AskedFor::Recorded AskedFor::record(const ExpectationChange& change) {
  constexpr const char* kTrouble = "what was asked for could not be recorded: ";
  if (change.tells_nothing()) return {};
  try {
    const ExpectationChange news = reduced(change, known());
    if (news.tells_nothing()) return {};
    const auto left_out = store_.change_expectations(host_, news);
    known_ = changed(*std::move(known_), news).now;
    if (left_out.empty()) return {};
    return {kTrouble + in_words(left_out)};
  } catch (const Error& error) {
    known_.reset();
    if (error.kind() == ErrorKind::Cancelled) throw;
    return {kTrouble + error.message(), error.kind() == ErrorKind::Unsupported};
  }
}

std::vector<std::string> AskedFor::retired(const std::string& set,
                                           const std::vector<std::string>& names,
                                           const std::vector<ReplicaState>& replicas) {
  std::vector<std::string> retired;
  if (names.empty()) return retired;
  try {
    const auto found = known().retired.find(set);
    if (found == known().retired.end()) return retired;
    for (const std::string& name : names) {
      const auto then = found->second.find(name);
      if (then == found->second.end()) continue;
      Arrival now;
      for (const ReplicaState& replica : replicas) {
        const auto arrivals = arrivals_of(replica);
        if (replica.volume.path == name && arrivals.contains(set)) now = arrivals.at(set);
      }
      if (is_still_retired(then->second, now)) retired.push_back(name);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;  // any other was told by record()
  }
  return retired;
}

}  // namespace snapferry::replication
