#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/expectation.h"
#include "core/store.h"

namespace snapferry::replication {

// One volume that a run was to bring, or a pattern that covered nothing or could not be listed.
struct AskedVolume {
  enum class State {
    Waiting,
    Arrived,  // by this run
    Present,  // before
    Excluded,
  };
  std::string name;
  std::string replica;  // its path in the store; another one where the volume was renamed
  State state = State::Waiting;
};

// Which snapshots say that a volume has arrived: those of the run's own set, or any, for a run that
// takes none and brings what there is.
enum class Evidence { OwnSet, AnySet };

// What the store is to remember of that: what it has no snapshot of is missing, and so is a pattern
// that covered nothing, whatever it brought before. `patterns` of the run that are not among
// `asked` covered something, or need not. Says nothing of what the store had a snapshot of before,
// so that a run without changes has nothing to tell. Pure.
ExpectationChange asked_change(const std::string& set, Evidence evidence,
                               const std::vector<AskedVolume>& asked,
                               const std::vector<std::string>& patterns,
                               const std::vector<ReplicaState>& replicas);

// Tells the store, and only what it does not know. That is no reason for a backup to fail.
class AskedFor {
 public:
  struct Recorded {
    std::string trouble = {};  // what could not be recorded, and why; empty: nothing
    bool too_old = false;      // because the far end knows nothing of it, which is no trouble
  };

  // Borrows the store.
  AskedFor(Store& store, std::string host) : store_(store), host_(std::move(host)) {}

  // Throws Cancelled alone.
  Recorded record(const ExpectationChange& change);

  // Those of `names` that are retired in the set, as far as the store can tell.
  std::vector<std::string> retired(const std::string& set, const std::vector<std::string>& names,
                                   const std::vector<ReplicaState>& replicas);

 private:
  const HostExpectations& known();

  Store& store_;
  const std::string host_;
  std::optional<HostExpectations> known_;
};

}  // namespace snapferry::replication
