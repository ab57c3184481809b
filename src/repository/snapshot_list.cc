#include "repository/snapshot_list.h"

#include <algorithm>

#include "core/error.h"
#include "core/snapshot_order.h"
#include "repository/manifest.h"

namespace snapferry::repository {

std::vector<Snapshot> read_snapshots(const SealedObjects& objects, ObjectCache* cache,
                                     std::vector<Damage>* damaged) {
  std::vector<Snapshot> snapshots;
  for (const ObjectId& id : objects.list(ObjectType::Snapshot)) {
    try {
      auto manifest = cache != nullptr ? cache->get(id) : std::nullopt;
      if (!manifest) {
        manifest = objects.get(ObjectType::Snapshot, id);
        if (cache != nullptr) cache->put(id, *manifest);
      }
      snapshots.push_back(decode_manifest(*manifest, id).snapshot);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // forgotten meanwhile
      if (error.kind() != ErrorKind::Corrupt || damaged == nullptr) throw;
      damaged->push_back({object_name(ObjectType::Snapshot, id), error.message()});
    }
  }
  std::ranges::sort(snapshots, is_older);
  return snapshots;
}

}  // namespace snapferry::repository
