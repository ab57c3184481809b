#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/expectation.h"
#include "core/object_store.h"
#include "core/snapshot.h"
#include "core/snapshot_order.h"
#include "core/volume.h"
#include "stores/findings.h"

namespace snapferry::stores {

// One line of what a store says of its size.
struct StoreFigure {
  enum class Unit { Count, Bytes, Ratio, Text };
  std::string label;  // for people; empty: only with --json
  std::string key;    // in JSON; empty: only for people
  Unit unit = Unit::Count;
  std::uint64_t number = 0;  // of Ratio: divided by `part`
  std::uint64_t part = 0;
  std::string text = {};
};

// What a receive left half done.
struct Leftover {
  VolumeName volume;
  std::uint64_t bytes = 0;  // that were received; 0: not known
};

// Where snapshots are kept, as the commands that list, read, restore, check and prune see it: a
// repository (stores/repository_store.h) or native snapshots (stores/native_store.h).
//
// Every method throws Error. Use from one thread at a time; objects() from several.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // As --store takes it.
  virtual std::string name() const = 0;

  // What kind of store it is, by what its users have to know of it:

  // Whether its snapshots tell how many files they have, and what each of them took.
  virtual bool counts_files() const = 0;
  // Whether it may hold snapshots that others than Snapferry took; these have the set "".
  virtual bool holds_what_others_took() const = 0;
  // Whether the next backup of a volume can only go on from a snapshot that both ends have.
  virtual bool needs_common_snapshot() const = 0;
  // Whether forget() leaves the space to collect(); else it frees it at once.
  virtual bool frees_by_collecting() const = 0;
  // Whether what it gives back is proven to be what was backed up. Then what is known against a
  // snapshot is a loss that this one has, and is named when it is read. Else somebody may have
  // changed the copy of a volume, and what is known against one snapshot is a doubt about all of
  // the copy.
  virtual bool proves_content() const = 0;
  // Whether it sets copies aside that cannot go on (core/aside.h).
  virtual bool sets_copies_aside() const = 0;
  // Of what verify() finds damaged.
  virtual Remedy remedy() const = 0;

  // Oldest first. Asks the store each time. What is damaged does not hide the others. Of native
  // snapshots `root` has its tree and no more before complete().
  virtual std::vector<Snapshot> snapshots(std::vector<DamagedObject>* damaged) = 0;

  // The files of every snapshot that was listed. Outlives the store.
  virtual ObjectSource& objects() = 0;
  // Whether the snapshot shows files: not that of a zvol or of an encrypted copy.
  virtual bool has_files(const Snapshot& snapshot) = 0;
  // Fills in what a listing leaves out of `snapshot.root`. Throws Unsupported without has_files().
  virtual void complete(Snapshot& snapshot) = 0;

  // Why a snapshot that was listed may not give back what was backed up. Of a native one: somebody
  // changed the copy of its volume, or verify found it damaged. Of one in a repository: what of it
  // is known to be lost. Empty: nothing is known against it.
  virtual std::string known_against(const Snapshot& snapshot) = 0;
  // What there is of each volume in each set, as of the last listing.
  virtual Arrivals arrivals() = 0;
  // Whether the first backup of the volume may be under way, as far as that can be told.
  virtual bool may_be_arriving(const VolumeName& volume) = 0;
  // What is expected beside what the snapshots say, of the hosts whose snapshots are shown.
  virtual Expectations expectations() = 0;
  // Returns what was not taken in.
  virtual std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                         const ExpectationChange& change) = 0;
  // What rules and ages go by: when the store saw the snapshot come, and within a chain never
  // older than the one before, whatever its host's clock said. Of a snapshot that was listed.
  virtual EffectiveTime time_for_rules(const Snapshot& snapshot) = 0;
  // Now, by the clock of the store, which is written to for that; 0 where it tells none.
  virtual Timestamp storage_time() { return {}; }

  // Removes the snapshots, and returns what could not be removed.
  virtual std::vector<VolumeFailure> forget(const std::vector<Snapshot>& snapshots) = 0;
  // Frees what no snapshot needs; nullopt without frees_by_collecting().
  virtual std::optional<CollectFindings> collect(const CollectRequest& request) = 0;
  // Removes what receives left half done and nobody goes on with, and returns what is gone.
  virtual std::vector<Leftover> discard_leftovers() { return {}; }
  // Damage is reported, not thrown.
  virtual VerifyFindings verify(const VerifyRequest& request) = 0;
  virtual std::vector<StoreFigure> figures() = 0;
};

}  // namespace snapferry::stores
