#include "btrfs/directory_names.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

std::vector<std::string> names_in(int directory, const std::string& subject) {
  auto fd = platform::open_at(directory, ".", O_RDONLY | O_DIRECTORY, 0, subject);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd.get()), ::closedir);
  if (!listing) throw system_error(errno, "list", subject);
  fd.release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const auto* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw system_error(errno, "list", subject);
  std::sort(names.begin(), names.end());
  return names;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

}  // namespace snapferry::btrfs
