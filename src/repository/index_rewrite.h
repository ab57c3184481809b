#pragma once

#include <vector>

#include "repository/condemned.h"
#include "repository/pack.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

// Writes index objects that name a pack of `gone`, and small ones where there are many, anew as
// few large ones, with `more` packs beside; the old ones go when those are durable, and `damaged`
// ones with them. A failure leaves every pack named that was.
void rewrite_index(blob::Storage& storage, SealedObjects& objects, const IdSet& gone,
                   const std::vector<ObjectId>& damaged, std::vector<PackRecords> more);

}  // namespace snapferry::repository
