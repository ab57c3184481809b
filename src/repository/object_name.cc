#include "repository/object_name.h"

namespace snapferry::repository {

std::string_view directory_of(ObjectType type) {
  switch (type) {
    case ObjectType::Pack:
      return "packs";
    case ObjectType::Index:
      return "index";
    case ObjectType::Snapshot:
      return "snapshots";
    case ObjectType::Claim:
      return "claims";
    case ObjectType::Condemned:
      return "condemned";
    case ObjectType::Ended:
      return "ended";
    case ObjectType::Damaged:
      return "damaged";
    case ObjectType::Expected:
      return "expected";
  }
  return "";
}

std::string object_name(ObjectType type, const ObjectId& id) {
  std::string name(directory_of(type));
  name += '/';
  name += id.hex();
  return name;
}

std::optional<ObjectId> id_of_name(ObjectType type, std::string_view name) {
  const std::string_view directory = directory_of(type);
  if (!name.starts_with(directory) || name.size() <= directory.size() ||
      name[directory.size()] != '/') {
    return std::nullopt;
  }
  return ObjectId::from_hex(name.substr(directory.size() + 1));
}

}  // namespace snapferry::repository
