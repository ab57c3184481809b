#include "testing/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::testing {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_directory(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat stat;
  return ::fstatat(directory, entry.d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(stat.st_mode);
}

// Unlinks the files in `directory` and returns the names of what is left: directories.
std::vector<std::string> remove_files(int directory) {
  std::vector<std::string> directories;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> stream(copy < 0 ? nullptr : ::fdopendir(copy));
  if (!stream) return directories;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (is_directory(directory, *entry)) {
      directories.emplace_back(name);
    } else {
      ::unlinkat(directory, entry->d_name, 0);
    }
  }
  return directories;
}

// Directories are moved up to the root before they are emptied, so that depth never
// matters: neither paths nor descriptors grow with it.
void empty_directory(int root) {
  std::vector<std::string> pending = remove_files(root);
  for (std::size_t moved = 0; !pending.empty();) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (::unlinkat(root, name.c_str(), AT_REMOVEDIR) == 0) continue;
    ::fchmodat(root, name.c_str(), 0700, 0);
    const platform::Fd directory(
        ::openat(root, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.valid()) continue;
    for (const std::string& child : remove_files(directory.get())) {
      std::string place = ".removing-" + std::to_string(moved++);
      ::fchmodat(directory.get(), child.c_str(), 0700, 0);
      if (::renameat(directory.get(), child.c_str(), root, place.c_str()) == 0) {
        pending.push_back(std::move(place));
      }
    }
    ::unlinkat(root, name.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

bool remove_recursively(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return true;
  const platform::Fd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (root.valid()) empty_directory(root.get());
  return ::rmdir(path.c_str()) == 0;
}

TemporaryDirectory::TemporaryDirectory() {
  const char* parent = std::getenv("TMPDIR");
  path_ = std::string(parent != nullptr && *parent == '/' ? parent : "/tmp") + "/snapferry.XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw system_error(errno, "make directory", path_);
}

TemporaryDirectory::~TemporaryDirectory() { remove_recursively(path_); }

}  // namespace snapferry::testing
