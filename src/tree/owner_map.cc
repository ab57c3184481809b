#include "tree/owner_map.h"

#include <cerrno>
#include <optional>
#include <string>

#include <grp.h>
#include <pwd.h>

namespace snapferry::tree {
namespace {

constexpr std::size_t kMaxRecord = 1u << 20;

// Calls getpwnam_r or getgrnam_r with a buffer that grows until the record fits.
template <typename Record, typename Lookup>
std::optional<Record> look_up(const std::string& name, std::vector<char>& buffer, Lookup lookup) {
  Record record;
  Record* found = nullptr;
  buffer.resize(1024);
  while (lookup(name.c_str(), &record, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kMaxRecord) {
    buffer.resize(buffer.size() * 2);
  }
  return found == nullptr ? std::nullopt : std::optional<Record>(record);
}

}  // namespace

OwnerMap::OwnerMap(const std::vector<OwnerName>& users, const std::vector<OwnerName>& groups,
                   bool numeric) {
  if (numeric) return;
  std::vector<char> buffer;
  for (const OwnerName& owner : users) {
    const auto here = look_up<struct passwd>(owner.name, buffer, ::getpwnam_r);
    if (here && here->pw_uid != owner.id) users_[owner.id] = here->pw_uid;
  }
  for (const OwnerName& owner : groups) {
    const auto here = look_up<struct group>(owner.name, buffer, ::getgrnam_r);
    if (here && here->gr_gid != owner.id) groups_[owner.id] = here->gr_gid;
  }
}

}  // namespace snapferry::tree
