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
#include "repository/repository.h"

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
  // Whether its snapshots are native: their sets may be unknown (""), their files are not
  // counted, and what one of them took is not known.
  virtual bool is_native() const = 0;

  // Oldest first. Asks the store each time. What is damaged does not hide the others. Of native
  // snapshots `root` has its tree and no more before complete().
  virtual std::vector<Snapshot> snapshots(std::vector<repository::Damage>* damaged) = 0;

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
  // Frees what no snapshot needs; nullopt where forget() does that by itself.
  virtual std::optional<repository::CollectReport> collect(
      const repository::CollectOptions& options) = 0;
  // Removes what receives left half done and nobody goes on with, and returns what is gone.
  virtual std::vector<Leftover> discard_leftovers() { return {}; }
  // Damage is reported, not thrown.
  virtual repository::VerifyReport verify(const repository::VerifyOptions& options) = 0;
  virtual std::vector<StoreFigure> figures() = 0;
};

}  // namespace snapferry::stores
