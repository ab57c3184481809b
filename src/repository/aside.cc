#include "repository/aside.h"

#include <algorithm>

namespace snapferry::repository {
namespace {

constexpr std::int64_t kKeptSeconds = 90 * std::int64_t{86400};

}  // namespace

std::string aside_name(std::string_view object) {
  std::string name(object);
  std::ranges::replace(name, '/', '-');
  return std::string(kAsideDirectory) + "/" + name;
}

std::vector<blob::ObjectInfo> old_asides(blob::Storage& storage, std::int64_t now) {
  std::vector<blob::ObjectInfo> old = storage.list(kAsideDirectory);
  std::erase_if(old, [&](const blob::ObjectInfo& info) {
    return !info.is_file || now == 0 || info.modified == 0 || now - info.modified < kKeptSeconds;
  });
  return old;
}

}  // namespace snapferry::repository
