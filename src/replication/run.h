#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/store.h"
#include "core/volume.h"
#include "platform/clock.h"
#include "replication/cursors.h"
#include "replication/plan.h"
#include "replication/run_progress.h"
#include "replication/waiter.h"

// One execution of a backup between a source and a store with native snapshots.
namespace snapferry::replication {

struct RunOptions {
  std::string set = "default";
  std::string host;                    // under which the store keeps the volumes
  std::vector<std::string> patterns;   // core/volume_pattern.h
  unsigned parallel = 2;               // streams that move data at once (transfers.h)
  std::uint64_t bytes_per_second = 0;  // of all volumes together; 0: no limit
  bool dry_run = false;
  // A pattern that covers no volume is no failure. It mostly is one: its pool or disk is away.
  bool allow_empty = false;
  History history = History::All;
  bool take_nothing = false;  // Policy::take_nothing
  RawPolicy raw = RawPolicy::AsReplica;
  bool start_anew = false;
  // How often a volume is tried whose transfer fails with Unavailable. Between two rounds the
  // run waits 5 s, then 10 s, …
  unsigned attempts = 3;
  platform::Clock* clock = nullptr;  // nullptr: platform::system_clock()
  Waiter* waiter = nullptr;          // nullptr: system_waiter()
  const Cancellation* cancellation = nullptr;
  RunProgress* progress = nullptr;
  // Names the volumes below those that are covered which no pattern covers. A store has none.
  bool name_not_covered = false;
  // Told the identity of the store once it was listed, before anything is done there or on the
  // source; throws to refuse it. May be null.
  std::function<void(const std::string& identity)> recognise = {};
};

enum class Outcome : std::uint8_t {
  Sent,       // the newest snapshot is in the store
  Unchanged,  // it was there already, and nothing was written since
  Planned,    // a dry run: it would be transferred
  Skipped,    // excluded by a property
  Conflict,
  Failed,
};
std::string_view to_string(Outcome outcome);

struct VolumeOutcome {
  std::string volume;
  VolumeName replica;  // of another name where the volume was renamed, or has several paths
  // By which the store knew it until this run, which gave its replica the name that it has by now.
  // Empty: it was not renamed. In a dry run it would.
  std::string renamed_from;
  Outcome outcome = Outcome::Failed;
  std::string snapshot;  // the newest that the store has; empty: none
  std::string base;      // of the first stream, "@NAME" or "#NAME"; empty: it was full, or none
  std::uint64_t bytes = 0;
  double seconds = 0;                     // from the first stream to the last
  std::string reason;                     // why it was done so; of a conflict or failure its
                                          // one line
  ErrorKind error = ErrorKind::Internal;  // of Failed
  ConflictKind conflict = ConflictKind::Diverged;  // of Conflict
  std::vector<std::string> steps;                  // a line for each, as --dry-run prints them
  std::string warning;  // the transfer went well and something after it did not
};

struct RunReport {
  std::int64_t started = 0;  // seconds since 1970
  std::int64_t finished = 0;
  std::string snapshot;  // the name of the new snapshots; empty: none was needed
  // In the order of the source's listing; then the patterns that could not be listed, or that cover
  // nothing, as Failed.
  std::vector<VolumeOutcome> volumes;
  std::vector<std::string> warnings;     // that concern no single volume
  std::vector<std::string> notes;        // that are of no concern to most
  std::vector<AbsentStore> absent;       // other stores that the source keeps snapshots for
  std::vector<std::string> not_covered;  // not_covered.h; empty unless asked for
  // The plan as first made (values for --json; plan_text() prints them). In a dry run as it would
  // be after the freeze.
  std::vector<FreezeDecision> decisions;
  std::vector<VolumePlan> plans;
  bool cancelled = false;  // the volumes that were not reached are Failed

  std::uint64_t bytes() const;
  std::size_t count(Outcome outcome) const;
  // Conflict or Failed.
  std::size_t unsuccessful() const;
};

// Brings the newest state of every volume that the patterns cover into the store. What fails for
// one volume stops no other and is in the report. Whatever interrupts it, the next run carries
// on by itself.
//
// Throws what fails before the first volume: InvalidArgument (set, host, no pattern), Unavailable
// and the like for a listing, and what no pattern could be listed for, such as NotFound. Calls the
// source's and store's methods from this thread, but send(), receive() and the store's first
// inventory() from others, too.
RunReport run(Source& source, Store& store, const RunOptions& options);

// Tells the store that the run was to bring what its patterns say, where no source can be asked:
// those that it has no snapshot of are awaited from then on. Returns what could not be recorded, as
// AskedFor does; throws Cancelled, and NoSuchStore where there is none.
std::string record_unreached(Store& store, const RunOptions& options);

}  // namespace snapferry::replication
