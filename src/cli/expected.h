#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/snapshot_store.h"
#include "core/expectation.h"
#include "core/snapshot.h"

namespace snapferry::cli {

// What a store was told to expect, set against what it has.
struct Expected {
  // Asked for, not retired, and there is no snapshot of it; by which sets.
  std::map<VolumeName, std::set<std::string>> missing;
  // No longer expected, whether there are snapshots of it or it was only asked for.
  std::set<VolumeName> retired;
};

// `arrival` tells how far a volume has come in the store; nullopt: it has no snapshot at all.
// `snapshots` are those that count, of one set where `set` names one. Pure.
Expected judge_expected(const Expectations& expectations, const std::vector<Snapshot>& snapshots,
                        const std::function<std::optional<Arrival>(const VolumeName&)>& arrival,
                        const std::optional<std::string>& set);

// Of a store that was listed; of the set that --set names, where the command takes it.
Expected expected_of(const Context& context, SnapshotStore& store,
                     const std::vector<Snapshot>& snapshots);

// With one more for each volume that is expected and has none, so that a word can mean it.
std::vector<Snapshot> with_expected(std::vector<Snapshot> snapshots, const Expected& expected);

// Lists the snapshots of the chosen set as list_snapshots() does, where something was asked for in
// that set also without any.
std::vector<Snapshot> list_or_expect(Context& context, SnapshotStore& store,
                                     bool* damaged = nullptr);

}  // namespace snapferry::cli
