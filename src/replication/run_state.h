#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/store.h"
#include "core/volume.h"
#include "platform/clock.h"
#include "replication/asked.h"
#include "replication/plan.h"
#include "replication/run.h"
#include "replication/run_progress.h"
#include "replication/waiter.h"

namespace snapferry::replication {

// What may go away by itself.
bool is_passing(ErrorKind kind);
// What is no matter of one volume or pattern.
bool concerns_all(ErrorKind kind);
// Of a failure: it names its volume.
std::string about(const std::string& volume, const std::string& message);

// What a volume has come to so far.
struct Progression {
  VolumeOutcome outcome;
  bool pending = true;
  bool tried = false;  // a transfer was begun
  unsigned failures = 0;
};

// What one run knows of both sides by now, and what its volumes have come to. Its steps, each in a
// file of its own, work on it one after the other (run.cc). Used by one thread.
struct RunState {
  // Borrows everything.
  RunState(Source& source_of_run, Store& store_of_run, const RunOptions& run_options);
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  bool cancelled() const;
  // Before the next round of anything.
  void pause(unsigned round);
  // Tries again what fails for a reason that may pass, and throws what does not.
  template <class Call>
  void persist(Call call);

  // Each throws what the listing fails with for good.
  void list_source();
  void list_store();

  void add_volume(const std::string& name);
  // What has come to an end stays as it is.
  void finish(const std::string& volume, Outcome outcome);
  void fail(const std::string& volume, ErrorKind kind, const std::string& message);
  bool is_pending(const std::string& volume) const;
  bool anything_pending() const;

  Source& source;
  Store& store;
  const RunOptions& options;
  AskedFor asked_for;
  std::vector<std::string> patterns;  // that the source could list
  platform::Clock& clock;
  Waiter& waiter;
  RunProgress unwatched_progress;  // where nobody looks at it
  RunProgress& progress;
  Policy policy;
  std::vector<VolumeState> volumes;
  std::vector<ReplicaState> replicas;
  std::vector<std::string> order;  // of the volumes
  std::map<std::string, Progression> progressions;
  std::vector<Settlement> settlements;  // of this round of transfers
  RunReport report;
};

template <class Call>
void RunState::persist(Call call) {
  for (unsigned round = 1;; ++round) {
    if (options.cancellation != nullptr) options.cancellation->check();
    try {
      return call();
    } catch (const Error& error) {
      if (!is_passing(error.kind()) || round >= options.attempts) throw;
    }
    pause(round);
  }
}

}  // namespace snapferry::replication
