#include "stores/copy_ids.h"

#include <algorithm>

#include <sodium.h>

#include "core/aside.h"

namespace snapferry::stores {
namespace {

ObjectId plain_id(const Guid& guid) {
  ObjectId id;
  std::copy(guid.bytes.begin(), guid.bytes.end(), id.bytes.begin());
  return id;
}

ObjectId id_of_copy(const VolumeName& volume, const Guid& guid) {
  std::string text(guid.bytes.begin(), guid.bytes.end());
  text.append(volume.host).append(1, '\0').append(volume.path);
  ObjectId id;
  crypto_generichash(id.bytes.data(), id.bytes.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return id;
}

bool comes_first(const VolumeName& one, const VolumeName& other) {
  const auto rank = [](const VolumeName& volume) {
    return std::pair(path_before_aside(volume.path).has_value(), volume);
  };
  return rank(one) < rank(other);
}

}  // namespace

CopyIds::CopyIds(const std::vector<ReplicaState>& replicas) {
  std::map<Guid, const VolumeName*> seen;
  for (const ReplicaState& replica : replicas) {
    for (const Point& point : replica.points) {
      const auto [found, is_new] = seen.emplace(point.guid, &replica.volume);
      if (is_new || *found->second == replica.volume) continue;
      VolumeName& first = shared_.emplace(point.guid, *found->second).first->second;
      if (comes_first(replica.volume, first)) first = replica.volume;
    }
  }
}

ObjectId CopyIds::id(const VolumeName& volume, const Guid& guid) const {
  const auto shared = shared_.find(guid);
  if (shared == shared_.end() || shared->second == volume) return plain_id(guid);
  return id_of_copy(volume, guid);
}

}  // namespace snapferry::stores
