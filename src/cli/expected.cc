#include "cli/expected.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

std::optional<std::string> chosen_set(const Context& context) {
  if (!context.options.command->filters_sets) return std::nullopt;
  return context.options.given("--set");
}

Arrival arrival_in(const Arrivals& arrivals, const VolumeName& volume, const std::string& set) {
  const auto found = arrivals.find(volume);
  if (found == arrivals.end() || !found->second.contains(set)) return {};
  return found->second.at(set);
}

class Judgement {
 public:
  Judgement(const Arrivals& arrivals, const std::optional<std::string>& set)
      : arrivals_(arrivals), set_(set) {}

  void look_at_retired(const std::string& host, const HostExpectations& of_host) {
    for (const auto& [set, names] : of_host.retired) {
      for (const auto& [name, then] : names) {
        const VolumeName volume{host, name};
        if (!is_still_retired(then, arrival_in(arrivals_, volume, set))) {
          expected_.ended[host][set].insert(name);
        } else if (is_judged(set)) {
          expected_.retired[volume].insert(set);
        }
      }
    }
  }

  void count() {
    for (const auto& [volume, sets] : arrivals_) {
      for (const auto& [set, arrival] : sets) {
        if (!is_judged(set) || expected_.is_retired_in(volume, set)) continue;
        expected_.counted[volume][set] = arrival;
      }
    }
  }

  void look_at_awaited(const std::string& host, const HostExpectations& of_host) {
    for (const auto& [set, names] : of_host.awaited) {
      if (!is_judged(set)) continue;
      for (const auto& name : names) {
        const VolumeName volume{host, name};
        if (expected_.is_retired_in(volume, set) || has_arrived(volume, set)) continue;
        MissingVolume& missing = expected_.missing[volume];
        missing.sets.insert(set);
        missing.elsewhere = arrivals_.contains(volume);
      }
    }
    if (of_host.full) expected_.full.insert(host);
  }

  Expected result() && { return std::move(expected_); }

 private:
  bool is_judged(const std::string& set) const { return !set_ || *set_ == set; }

  // What a pattern brought, and is retired since, says nothing of the pattern.
  bool has_arrived(const VolumeName& asked, const std::string& set) const {
    const auto is_there = [&](const auto& counted) { return counted.second.contains(set); };
    const auto exact = expected_.counted.find(asked);
    if (exact != expected_.counted.end() && is_there(*exact)) return true;
    if (asked.path.find_first_of("*?") == asked.path.npos) return false;
    return std::ranges::any_of(expected_.counted, [&](const auto& counted) {
      return counted.first.host == asked.host && is_there(counted) &&
             is_awaited_as(asked.path, counted.first.path);
    });
  }

  const Arrivals& arrivals_;
  const std::optional<std::string>& set_;
  Expected expected_;
};

}  // namespace

bool Expected::is_retired_in(const VolumeName& volume, const std::string& set) const {
  const auto found = retired.find(volume);
  return found != retired.end() && found->second.contains(set);
}

bool Expected::is_retired(const VolumeName& volume) const {
  return retired.contains(volume) && !counted.contains(volume) && !missing.contains(volume);
}

Expected judge_expected(const Expectations& expectations, const Arrivals& arrivals,
                        const std::optional<std::string>& set) {
  Judgement judgement(arrivals, set);
  for (const auto& [host, of_host] : expectations) judgement.look_at_retired(host, of_host);
  judgement.count();
  for (const auto& [host, of_host] : expectations) judgement.look_at_awaited(host, of_host);
  return std::move(judgement).result();
}

Expected expected_of(const Context& context, stores::SnapshotStore& store) {
  return judge_expected(store.expectations(), store.arrivals(), chosen_set(context));
}

Expected expected_or_warn(Context& context, stores::SnapshotStore& store) {
  try {
    return expected_of(context, store);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context.console.warn("what is expected and what is retired is not known: " + error.message());
    return judge_expected({}, store.arrivals(), chosen_set(context));
  }
}

std::vector<Snapshot> with_expected(std::vector<Snapshot> snapshots, const Expected& expected) {
  std::set<VolumeName> known;
  for (const Snapshot& snapshot : snapshots) known.insert(snapshot.volume);
  const auto add = [&](const VolumeName& volume) {
    if (!known.insert(volume).second) return;
    Snapshot snapshot;
    snapshot.volume = volume;
    snapshots.push_back(std::move(snapshot));
  };
  for (const auto& [volume, missing] : expected.missing) add(volume);
  for (const auto& [volume, sets] : expected.retired) add(volume);
  return snapshots;
}

std::vector<Snapshot> list_or_expect(Context& context, stores::SnapshotStore& store,
                                     bool* damaged) {
  try {
    return list_snapshots(context, store, damaged);
  } catch (const Error& error) {
    const auto set = chosen_set(context);
    if (error.kind() != ErrorKind::NotFound || !set) throw;
    for (const auto& [host, expected] : store.expectations()) {
      if (expected.awaited.contains(*set) || expected.retired.contains(*set)) return {};
    }
    throw;
  }
}

RetirementsKept::RetirementsKept(Context& context, stores::SnapshotStore& store,
                                 const std::vector<Snapshot>& going)
    : context_(context), store_(store) {
  if (going.empty()) return;
  try {
    const auto expected = judge_expected(store.expectations(), store.arrivals(), std::nullopt);
    for (const Snapshot& snapshot : going) {
      if (!expected.is_retired_in(snapshot.volume, snapshot.set)) continue;
      retired_[snapshot.volume].insert(snapshot.set);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context.console.warn("what is retired is not known: " + error.message());
  }
}

std::map<std::string, ExpectationChange> RetirementsKept::changes() {
  (void)store_.snapshots(nullptr);
  const Arrivals left = store_.arrivals();
  std::map<std::string, ExpectationChange> changes;
  for (const auto& [volume, sets] : retired_) {
    for (const auto& set : sets) {
      const Arrival now = arrival_in(left, volume, set);
      if (now.newest.empty()) {
        changes[volume.host].ended[set].insert(volume.path);
      } else {
        changes[volume.host].retire[set][volume.path] = now;
      }
    }
  }
  return changes;
}

void RetirementsKept::carry_on() {
  if (retired_.empty()) return;
  try {
    for (const auto& [host, change] : changes()) {
      report_failures(context_, store_.change_expectations(host, change));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context_.console.warn("what is retired could not be recorded, and is expected again: " +
                          error.message());
  }
}

}  // namespace snapferry::cli
