#pragma once

#include <vector>

#include "repository/ended.h"
#include "repository/manifest.h"
#include "repository/object_cache.h"
#include "repository/repository.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// A manifest that does not open.
struct UnreadableManifest {
  ObjectId id;
  std::string message;
  // A claim names it: it was torn before its backup ended, and goes when that claim is ended.
  bool is_announced = false;
};

// One listing of the manifests and what each is.
struct ManifestList {
  std::vector<ObjectId> listed;     // all of them, ascending
  std::vector<Manifest> manifests;  // those that open, void or not, oldest first
  std::vector<UnreadableManifest> unreadable;
  bool place_is_lost = false;  // nobody knows what there was
};

// Whether the place where all manifests were is gone, though something was stored. Where nothing
// was, there may never have been one.
bool is_place_lost(const SealedObjects& objects);
// What is wrong then, and what to do about it.
Damage lost_place();
// Throws Corrupt then.
void require_place(const SealedObjects& objects);

// The payload of a manifest, from the cache where that has it. Throws NotFound and Corrupt; `cache`
// may be null.
Bytes read_manifest(const SealedObjects& objects, ObjectCache* cache, const ObjectId& id);

// Asks the storage; a manifest that goes meanwhile is left out. `cache` may be null.
ManifestList list_manifests(const SealedObjects& objects, ObjectCache* cache);

// What those manifests are once the ended claims were read, which must be after the listing.
struct SnapshotList {
  std::vector<Snapshot> snapshots;  // oldest first (core/snapshot_order.h)
  std::vector<ObjectId> voided;     // manifests that never were snapshots
};
SnapshotList sort_out(const ManifestList& list, const Endings& endings);

// All snapshots there are, oldest first. Damaged ones, and a lost place, go to `damaged`, or are
// thrown if it is null; void ones, and those of which a claim says that they were not committed,
// never were snapshots. `cache` may be null.
std::vector<Snapshot> read_snapshots(const SealedObjects& objects, ObjectCache* cache,
                                     std::vector<Damage>* damaged);

}  // namespace snapferry::repository
