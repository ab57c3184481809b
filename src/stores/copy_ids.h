#pragma once

#include <map>
#include <utility>
#include <vector>

#include "core/object_id.h"
#include "core/store.h"

namespace snapferry::stores {

// The ids under which native snapshots are shown. An id begins with the guid of its snapshot, and
// so is the same in every store. Several replicas of one store may have one snapshot, as after one
// was set aside and begun anew, or restored beside the original: then one of them, which was not
// set aside, has that id, and each of the others one of its own, which is a hash of the guid and
// the name of its volume. What a person types thus never means two copies.
class CopyIds {
 public:
  CopyIds() = default;
  explicit CopyIds(const std::vector<ReplicaState>& replicas);

  // Of a snapshot of one of the replicas.
  ObjectId id(const VolumeName& volume, const Guid& guid) const;

 private:
  // Of those that several have, whose the plain id is.
  std::map<Guid, VolumeName> shared_;
};

}  // namespace snapferry::stores
