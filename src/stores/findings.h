#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/entry.h"
#include "core/object_id.h"
#include "core/progress.h"
#include "core/snapshot.h"

// What stores are asked to look for and to clear away, and what they find: values of no one kind of
// store.
namespace snapferry::stores {

// What is in a store and is damaged, or lost.
struct DamagedObject {
  std::string object;  // "packs/3f…", "snapshots/…", "web1:zfs:tank/home@snapferry_…"
  std::string message;
};

// What a snapshot cannot give back because of damage.
struct DamagedPath {
  ObjectId snapshot;
  VolumeName volume;
  std::string path;  // of a file, or of a directory whose whole content is lost
};

struct VerifyRequest {
  double read_data = 0;  // percent of what is stored that is read back: 0 to 100
  Progress* progress = nullptr;
  const Cancellation* cancellation = nullptr;
};

struct VerifyFindings {
  std::uint64_t snapshots = 0;
  std::optional<std::uint64_t> packs;  // nullopt: the store has none
  std::uint64_t objects = 0;           // of a store without packs: copies of volumes
  std::uint64_t bytes_read = 0;
  std::vector<DamagedObject> damages;
  // What is damaged or missing, while all of it is stored elsewhere too: no loss.
  std::vector<DamagedObject> remarks;
  std::vector<DamagedPath> affected;
  bool ok() const { return damages.empty() && affected.empty(); }
};

// What to do about damage that was found.
enum class Remedy {
  Repair,            // the next backup stores again what its source has, then the store is repaired
  ScrubThenNewCopy,  // what the disks have twice is repaired below the store; else as NewCopy
  NewCopy,           // the next backup sets the damaged copy aside and begins a new one
};

// The announcement of a process that uses the store, or did, so that nothing it needs is removed.
struct StoreClaim {
  ObjectId id;
  bool is_readable = true;  // otherwise nothing is known but id and time
  bool is_prune = false;
  std::string host;
  std::uint64_t pid = 0;
  Timestamp started;             // by the clock of its host
  Timestamp refreshed;           // by the clock of the store; 0: it has none
  bool counts = true;            // prunes wait for it; otherwise the next one ends it
  bool from_the_future = false;  // refreshed later than now, by the clock of the store
  std::string state;             // why: "its process is gone"
};

struct CollectRequest {
  bool dry_run = false;
  // With dry_run alone: snapshots that would be forgotten before.
  std::vector<ObjectId> as_if_forgotten = {};
  Progress* progress = nullptr;
  const Cancellation* cancellation = nullptr;
};

// What was freed, or would be.
struct CollectFindings {
  std::uint64_t packs_before = 0;
  std::uint64_t packs_removed = 0;  // with those rewritten
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_freed = 0;  // net of what was written again
  std::uint64_t bytes_unused_left = 0;
  // Could go, and stays for a later prune.
  std::uint64_t packs_deferred = 0;
  std::uint64_t bytes_deferred = 0;
  std::vector<StoreClaim> deferred_to;  // who may still need them
  bool deferred_to_new_snapshots = false;
  bool lacks_room = false;  // there was no room to write packs again that hold unneeded content
  // What repair had set aside long ago.
  std::uint64_t asides_removed = 0;
  std::uint64_t bytes_of_asides = 0;
  // Removed, because their backups ended before they were committed.
  std::vector<ObjectId> torn_manifests;
  std::vector<ObjectId> void_manifests;
  // What is lost or unreadable. Nothing that it might need was removed.
  std::vector<DamagedObject> damages;
};

}  // namespace snapferry::stores
