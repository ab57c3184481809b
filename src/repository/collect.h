#pragma once

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// Repository::collect: FORMAT.md, "Removing without locks".
CollectReport collect(const SessionContext& context, ObjectReader& reader,
                      const CollectOptions& options);

// All manifests there are; damaged ones go to `damaged`, or are thrown if it is null.
std::vector<Snapshot> read_snapshots(const SealedObjects& objects, ObjectCache* cache,
                                     std::vector<Damage>* damaged);

}  // namespace snapferry::repository
