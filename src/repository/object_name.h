#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/object_id.h"

namespace snapferry::repository {

// What a named object is; its directory in the storage.
enum class ObjectType : std::uint8_t {
  Pack = 1,
  Index = 2,
  Snapshot = 3,
  Claim = 4,
  Condemned = 5,
  Ended = 6,
  Damaged = 7,
  Expected = 8,
};

// "packs", "index", "snapshots", "claims", "condemned", "ended", "damaged",
// "expected".
std::string_view directory_of(ObjectType type);

// "packs/3f…".
std::string object_name(ObjectType type, const ObjectId& id);

// The id in "DIRECTORY/ID"; nullopt for anything that is not such a name.
std::optional<ObjectId> id_of_name(ObjectType type, std::string_view name);

}  // namespace snapferry::repository
