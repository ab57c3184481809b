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

// What the store is to remember of that: what it has no snapshot of is missing, and `patterns` of
// the run that are not among `asked` covered something, or need not. Says nothing of what the store
// had a snapshot of before, so that a run without changes has nothing to tell. Pure.
ExpectationChange asked_change(const std::string& set, const std::vector<AskedVolume>& asked,
                               const std::vector<std::string>& patterns,
                               const std::vector<ReplicaState>& replicas);

// Tells the store, and only what it does not know. That is no reason for a backup to fail.
class AskedFor {
 public:
  // Borrows the store.
  AskedFor(Store& store, std::string host) : store_(store), host_(std::move(host)) {}

  // Returns why it could not be recorded; empty: it was, or nothing changed. Throws Cancelled.
  std::string record(const ExpectationChange& change);

 private:
  Store& store_;
  const std::string host_;
  std::optional<HostExpectations> known_;
};

}  // namespace snapferry::replication
