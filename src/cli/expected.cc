#include "cli/expected.h"

#include <algorithm>
#include <utility>

#include "cli/store.h"

namespace snapferry::cli {
namespace {

bool has_arrived(const std::vector<Snapshot>& snapshots, const VolumeName& asked) {
  return std::ranges::any_of(snapshots, [&](const Snapshot& snapshot) {
    return snapshot.volume.host == asked.host && is_awaited_as(asked.path, snapshot.volume.path);
  });
}

bool is_awaited(const HostExpectations& host, const std::string& name) {
  return std::ranges::any_of(host.awaited,
                             [&](const auto& set) { return set.second.contains(name); });
}

std::optional<std::string> chosen_set(const Context& context) {
  if (!context.options.command->filters_sets) return std::nullopt;
  return context.options.given("--set");
}

}  // namespace

Expected judge_expected(const Expectations& expectations, const std::vector<Snapshot>& snapshots,
                        const std::function<std::optional<Arrival>(const VolumeName&)>& arrival,
                        const std::optional<std::string>& set) {
  Expected expected;
  for (const auto& [host, of_host] : expectations) {
    for (const auto& [name, retired] : of_host.retired) {
      const VolumeName volume{host, name};
      const auto now = arrival(volume);
      if (now ? is_still_retired(retired, *now) : is_awaited(of_host, name)) {
        expected.retired.insert(volume);
      }
    }
    for (const auto& [asked_in, names] : of_host.awaited) {
      if (set && *set != asked_in) continue;
      for (const auto& name : names) {
        const VolumeName volume{host, name};
        if (expected.retired.contains(volume) || has_arrived(snapshots, volume)) continue;
        expected.missing[volume].insert(asked_in);
      }
    }
  }
  return expected;
}

Expected expected_of(const Context& context, SnapshotStore& store,
                     const std::vector<Snapshot>& snapshots) {
  return judge_expected(
      store.expectations(), snapshots,
      [&](const VolumeName& volume) { return store.arrival(volume); }, chosen_set(context));
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
  for (const auto& [volume, sets] : expected.missing) add(volume);
  for (const VolumeName& volume : expected.retired) add(volume);
  return snapshots;
}

std::vector<Snapshot> list_or_expect(Context& context, SnapshotStore& store, bool* damaged) {
  try {
    return list_snapshots(context, store, damaged);
  } catch (const Error& error) {
    const auto set = chosen_set(context);
    if (error.kind() != ErrorKind::NotFound || !set) throw;
    for (const auto& [host, expected] : store.expectations()) {
      if (expected.awaited.contains(*set)) return {};
    }
    throw;
  }
}

}  // namespace snapferry::cli
