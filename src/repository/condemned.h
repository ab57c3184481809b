#pragma once

#include <map>
#include <unordered_set>
#include <vector>

#include "core/entry.h"
#include "repository/sealed_object.h"

namespace snapferry::repository {

using IdSet = std::unordered_set<ObjectId, ObjectIdHash>;

// The packs of one condemned list.
Bytes encode_condemned(Timestamp time, const std::vector<ObjectId>& packs);
std::vector<ObjectId> decode_condemned(ByteView bytes, std::string_view subject);

struct CondemnedLists {
  std::map<ObjectId, std::vector<ObjectId>> lists;  // the packs of each
  std::vector<ObjectId> damaged;  // unreadable ones: their packs are dealt with as unindexed
  IdSet packs;                    // of all of them
};

// Throws only what the storage throws.
CondemnedLists read_condemned(const SealedObjects& objects);

}  // namespace snapferry::repository
