#pragma once

#include <string>
#include <vector>

#include "repository/ended.h"
#include "repository/other_claims.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

struct EndedClaims {
  std::vector<ObjectId> torn_manifests;  // removed: they were about to be committed
};

// Takes the claims from their owners, E1 to E4 of FORMAT.md. Safe whether or not they still run: a
// backup among them fails, or was committed before. `reason` is kept for people. Does nothing for
// none. An Error leaves the claims as they are, or ended.
EndedClaims end_claims(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache,
                       const std::vector<OtherClaim>& claims, const std::string& reason,
                       Timestamp now);

// Makes one object of many finals, and removes intents that finals cover.
void tidy_ended(blob::Storage& storage, SealedObjects& objects, ObjectCache* cache);

}  // namespace snapferry::repository
