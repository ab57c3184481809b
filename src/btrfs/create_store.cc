#include "btrfs/create_store.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/private_directory.h"
#include "btrfs/store_layout.h"
#include "btrfs/subvolume.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/guid.h"
#include "platform/fd.h"

namespace snapferry::btrfs {
namespace {

std::string random_identity() {
  std::array<std::uint8_t, Guid::kSize> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw system_error(errno, "get random bytes", "the kernel");
  }
  return to_hex(bytes);
}

platform::Fd make_directory(const std::string& directory) {
  platform::Fd there(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (there.valid()) {
    require_btrfs(there.get(), "btrfs:" + directory);
    return there;
  }
  if (errno != ENOENT) {
    throw Error(ErrorKind::Conflict,
                "btrfs:" + directory + ": is there, and no directory; give another path");
  }
  const auto slash = directory.rfind('/');
  const auto parent =
      platform::open_path(slash == 0 ? "/" : directory.substr(0, slash), O_RDONLY | O_DIRECTORY);
  require_btrfs(parent.get(), "btrfs:" + directory);
  struct stat status {};
  if (::lstat(directory.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    throw Error(ErrorKind::NotFound, "btrfs:" + directory +
                                         ": is a symlink to where nothing is; mount its disk, or "
                                         "make that directory first");
  }
  return open_or_make_private(parent.get(), directory.substr(slash + 1), directory);
}

[[noreturn]] void is_a_store_already(const std::string& directory) {
  throw Error(ErrorKind::AlreadyExists,
              "btrfs:" + directory + ": is a store already; use it as it is");
}

// But for what was left of an attempt that ended early.
void require_empty(int store, const std::string& directory) {
  for (const auto& name : names_in(store, directory)) {
    if (name == StoreLayout::kIdentityName) is_a_store_already(directory);
    if (name.starts_with(StoreLayout::kIdentityName)) continue;
    throw Error(ErrorKind::Conflict,
                "btrfs:" + directory + ": holds something else; give a new or empty directory");
  }
}

}  // namespace

void create_store(const std::string& path) {
  const auto directory = StoreLayout::directory_of(path);
  const auto store = make_directory(directory);
  require_empty(store.get(), directory);
  if (::fchmod(store.get(), 0700) != 0) throw system_error(errno, "protect it", directory);
  const std::string file = StoreLayout::kIdentityName;
  const auto subject = directory + "/" + file;
  // Whoever gives it its name first has made the store.
  const auto own = file + "." + random_identity();
  replace_small_file(store.get(), own, random_identity() + "\n", subject);
  if (::renameat2(store.get(), own.c_str(), store.get(), file.c_str(), RENAME_NOREPLACE) != 0) {
    const int error = errno;
    ::unlinkat(store.get(), own.c_str(), 0);
    if (error == EEXIST) is_a_store_already(directory);
    throw system_error(error, "create it", subject);
  }
  if (::fsync(store.get()) != 0) throw system_error(errno, "make it durable", subject);
}

}  // namespace snapferry::btrfs
