#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/context.h"
#include "core/expectation.h"
#include "core/snapshot.h"
#include "stores/snapshot_store.h"

namespace snapferry::cli {

using SetNames = std::set<std::string>;

// Asked for, not retired, and its set has no snapshot of it.
struct MissingVolume {
  SetNames sets;           // that asked for it
  bool elsewhere = false;  // other sets have a snapshot of it
};

// What a store was told to expect, set against what it has.
struct Expected {
  std::map<VolumeName, MissingVolume> missing;
  // In which sets a volume is no longer expected, whether there are snapshots of it or it was only
  // asked for.
  std::map<VolumeName, SetNames> retired;
  Arrivals counted;            // of the sets in which volumes are not retired
  std::set<std::string> full;  // hosts of which more was asked for than there was room for
  // Retirements that are over, by host and set; nothing but the record knows of them.
  std::map<std::string, std::map<std::string, SetNames>> ended;

  // Nothing is expected of the volume any more.
  bool is_retired(const VolumeName& volume) const;
  bool is_retired_in(const VolumeName& volume, const std::string& set) const;
};

// `arrivals` are what the store has, in all sets; judged is one set where `set` names one. Pure.
Expected judge_expected(const Expectations& expectations, const Arrivals& arrivals,
                        const std::optional<std::string>& set);

// Of a store that was listed; of the set that --set names, where the command takes it.
Expected expected_of(const Context& context, stores::SnapshotStore& store);

// The same for commands that do not fail by what is expected: where that cannot be read, they say
// so, and nothing is.
Expected expected_or_warn(Context& context, stores::SnapshotStore& store);

// With one more for each volume that is expected and has none, so that a word can mean it.
std::vector<Snapshot> with_expected(std::vector<Snapshot> snapshots, const Expected& expected);

// Lists the snapshots of the chosen set as list_snapshots() does, where something was asked for in
// that set also without any.
std::vector<Snapshot> list_or_expect(Context& context, stores::SnapshotStore& store,
                                     bool* damaged = nullptr);

// Keeps retirements right while snapshots go: what is retired and loses its newest snapshot is
// retired as before, and what loses all of a set is known no more.
class RetirementsKept {
 public:
  // Before `going` go. Borrows both.
  RetirementsKept(Context& context, stores::SnapshotStore& store,
                  const std::vector<Snapshot>& going);
  // Once they went.
  void carry_on();

 private:
  std::map<std::string, ExpectationChange> changes();

  Context& context_;
  stores::SnapshotStore& store_;
  std::map<VolumeName, SetNames> retired_;
};

}  // namespace snapferry::cli
