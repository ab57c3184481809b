#include "repository/object_limits.h"

namespace snapferry::repository {

std::uint64_t largest(ObjectType type) {
  constexpr std::uint64_t kMiB = 1u << 20;
  switch (type) {
    case ObjectType::Claim:
      return 64u << 10;
    case ObjectType::Pack:
    case ObjectType::Index:
    case ObjectType::Snapshot:
    case ObjectType::Condemned:
    case ObjectType::Ended:
    case ObjectType::Damaged:
    case ObjectType::Expected:
      break;
  }
  return 64 * kMiB;
}

}  // namespace snapferry::repository
