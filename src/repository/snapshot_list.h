#pragma once

#include <vector>

#include "repository/object_cache.h"
#include "repository/repository.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// All manifests there are, oldest first (core/snapshot_order.h); damaged ones go to `damaged`, or
// are thrown if it is null. `cache` may be null.
std::vector<Snapshot> read_snapshots(const SealedObjects& objects, ObjectCache* cache,
                                     std::vector<Damage>* damaged);

}  // namespace snapferry::repository
