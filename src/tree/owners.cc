#include "tree/owners.h"

#include <cerrno>

#include <grp.h>
#include <pwd.h>

namespace snapferry::tree {
namespace {

// getpwuid_r(3) and getgrgid_r(3) have one shape; groups with many members need room.
template <typename Record, typename Lookup>
std::vector<OwnerName> names(const OwnerIds& ids, Lookup lookup, char* Record::*name) {
  std::vector<OwnerName> found;
  std::vector<char> buffer(4096);
  for (const std::uint32_t id : ids.ids()) {
    Record record;
    Record* result = nullptr;
    while (lookup(id, &record, buffer.data(), buffer.size(), &result) == ERANGE &&
           buffer.size() < (16u << 20)) {
      buffer.resize(buffer.size() * 4);
    }
    if (result != nullptr) found.push_back({id, result->*name});
  }
  return found;
}

}  // namespace

std::vector<OwnerName> user_names(const OwnerIds& ids) {
  return names<passwd>(ids, ::getpwuid_r, &passwd::pw_name);
}

std::vector<OwnerName> group_names(const OwnerIds& ids) {
  return names<group>(ids, ::getgrgid_r, &group::gr_name);
}

}  // namespace snapferry::tree
