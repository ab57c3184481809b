#include "repository/snapshot_list.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/snapshot_order.h"
#include "repository/claim.h"

namespace snapferry::repository {
namespace {

// What claims say is about to be committed under them: where that does not open, it was torn by a
// loss of power before its backup ended, and never was a snapshot.
std::set<ObjectId> announced_manifests(const SealedObjects& objects) {
  std::set<ObjectId> announced;
  for (const ObjectId& id : objects.list(ObjectType::Claim)) {
    try {
      announced.insert(decode_claim(objects.get(ObjectType::Claim, id), id.hex()).manifest);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
    }
  }
  return announced;
}

}  // namespace

bool is_place_lost(const SealedObjects& objects) {
  return !objects.has_place(ObjectType::Snapshot) &&
         !(objects.list(ObjectType::Index).empty() && objects.list(ObjectType::Pack).empty());
}

Damage lost_place() {
  return {"snapshots",
          "the directory is missing, though something was stored here; put it back, from "
          "lost+found or from the disk that it is on; if no backup was ever completed here, make "
          "it, empty"};
}

void require_place(const SealedObjects& objects) {
  if (!is_place_lost(objects)) return;
  const Damage lost = lost_place();
  throw Error(ErrorKind::Corrupt, lost.object + ": " + lost.message);
}

Bytes read_manifest(const SealedObjects& objects, ObjectCache* cache, const ObjectId& id) {
  if (cache != nullptr) {
    if (auto cached = cache->get(id)) return std::move(*cached);
  }
  Bytes manifest = objects.get(ObjectType::Snapshot, id);
  if (cache != nullptr) cache->put(id, manifest);
  return manifest;
}

ManifestList list_manifests(const SealedObjects& objects, ObjectCache* cache) {
  ManifestList list;
  for (const blob::ObjectInfo& info : objects.infos(ObjectType::Snapshot)) {
    const ObjectId id = *id_of_name(ObjectType::Snapshot, info.name);
    list.listed.push_back(id);
    try {
      list.manifests.push_back(decode_manifest(read_manifest(objects, cache, id), id));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // forgotten meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
      list.unreadable.push_back({id, error.message()});
    }
  }
  list.place_is_lost = list.listed.empty() && is_place_lost(objects);
  if (!list.unreadable.empty()) {
    const std::set<ObjectId> announced = announced_manifests(objects);
    for (UnreadableManifest& manifest : list.unreadable) {
      manifest.is_announced = announced.contains(manifest.id);
    }
  }
  std::ranges::sort(list.listed);
  std::ranges::sort(list.manifests, [](const Manifest& one, const Manifest& two) {
    return is_older(one.snapshot, two.snapshot);
  });
  return list;
}

SnapshotList sort_out(const ManifestList& list, const Endings& endings) {
  SnapshotList sorted;
  for (const Manifest& manifest : list.manifests) {
    if (endings.make_void(manifest.claim, manifest.snapshot.id)) {
      sorted.voided.push_back(manifest.snapshot.id);
    } else {
      sorted.snapshots.push_back(manifest.snapshot);
    }
  }
  return sorted;
}

std::vector<Snapshot> read_snapshots(const SealedObjects& objects, ObjectCache* cache,
                                     std::vector<Damage>* damaged) {
  const ManifestList list = list_manifests(objects, cache);
  if (list.place_is_lost) {
    if (damaged == nullptr) require_place(objects);
    damaged->push_back(lost_place());
  }
  for (const UnreadableManifest& unreadable : list.unreadable) {
    if (unreadable.is_announced) continue;
    if (damaged == nullptr) throw Error(ErrorKind::Corrupt, unreadable.message);
    damaged->push_back({object_name(ObjectType::Snapshot, unreadable.id), unreadable.message});
  }
  return sort_out(list, read_endings(objects, cache)).snapshots;
}

}  // namespace snapferry::repository
