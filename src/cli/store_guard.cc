#include "cli/store_guard.h"

#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/format.h"
#include "cli/store.h"
#include "platform/absolute_path.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

// Where the store is on this machine.
std::optional<std::string> directory_of_store(const Context& context) {
  const auto store = store_address(context);
  if (!store.is_native()) return platform::absolute_path(store.name);
  if (store.is_remote() || store.kind != StoreKind::Btrfs) return std::nullopt;
  return store.name;
}

// By device and inode, as a bind mount has another path.
bool lies_in(const fs::path& resolved, const std::string& directory) {
  struct stat store {};
  if (::stat(directory.c_str(), &store) != 0) return false;
  for (fs::path at = resolved;; at = at.parent_path()) {
    struct stat status {};
    const bool found = ::stat(at.c_str(), &status) == 0;
    if (found && status.st_dev == store.st_dev && status.st_ino == store.st_ino) return true;
    if (!at.has_relative_path()) return false;
  }
}

}  // namespace

void require_outside_store(const Context& context, const std::string& path,
                           const std::string& next) {
  const auto directory = directory_of_store(context);
  if (!directory) return;
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(path, error);
  if (error) throw system_error(error.value(), "resolve it", path);
  if (!lies_in(resolved, *directory)) return;
  throw Error(
      ErrorKind::InvalidArgument,
      fmt::format("{}: lies in the store {}; {}", printable(path), printable(*directory), next));
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> own_directories(const Context& context) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (const std::string& path : {directory_of_store(context).value_or(std::string()),
                                  cache_directory(context.io, ::geteuid() == 0)}) {
    struct stat status {};
    if (!path.empty() && ::stat(path.c_str(), &status) == 0) {
      found.emplace_back(status.st_dev, status.st_ino);
    }
  }
  return found;
}

}  // namespace snapferry::cli
