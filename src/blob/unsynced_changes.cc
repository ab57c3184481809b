#include "blob/unsynced_changes.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "platform/fd.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

namespace snapferry::blob {
namespace {

// From how many paths on one syncfs(2) is taken instead of an fsync(2) each. On ext4 on
// an idle virtual disk, 64 files of 64 KiB: 2.5 ms and not 21 ms; 4 files: 0.5 ms and
// not 4.8 ms. But syncfs also waits for what other programs wrote, so few are done alone.
constexpr std::size_t kManyPaths = 24;

// On network filesystems syncfs need not reach the server.
bool is_local_disk(int root) {
  struct statfs stat;
  if (::fstatfs(root, &stat) != 0) return false;
  switch (static_cast<unsigned long>(stat.f_type)) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

Error sync_error(int number, const std::string& subject) {
  if (number == ENOSPC || number == EDQUOT) {
    return std::move(Error(ErrorKind::NoSpace,
                           subject + ": no space left on its device; free some and run again")
                         .with_errno(number));
  }
  Error error = system_error(number, "write to the disk", subject);
  return Error(ErrorKind::Unavailable, error.message() + "; check the device and run again")
      .with_errno(number);
}

// Objects removed meanwhile need no sync.
bool is_gone(int number) { return number == ENOENT || number == ENOTDIR; }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

const char* or_here(const std::string& path) { return path.empty() ? "." : path.c_str(); }

}  // namespace

UnsyncedChanges::UnsyncedChanges(int root, std::string description)
    : root_(root), description_(std::move(description)), has_whole_sync_(is_local_disk(root)) {}

void UnsyncedChanges::written(const std::string& directory, const std::string& path) {
  const std::lock_guard lock(mutex_);
  paths_.files.insert(path);
  paths_.directories.insert(directory);
}

void UnsyncedChanges::changed(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  paths_.directories.insert(directory);
}

std::size_t UnsyncedChanges::size() const {
  const std::lock_guard lock(mutex_);
  return paths_.files.size() + paths_.directories.size();
}

void UnsyncedChanges::sync() {
  const std::lock_guard syncing(sync_mutex_);
  if (failure_) throw *failure_;
  Paths paths;
  {
    const std::lock_guard lock(mutex_);
    std::swap(paths, paths_);
  }
  try {
    sync_paths(paths);
  } catch (const Error& error) {
    failure_ = error;
    throw;
  }
}

void UnsyncedChanges::sync_paths(const Paths& paths) const {
  if (paths.directories.empty()) return;
  if (has_whole_sync_ && paths.files.size() + paths.directories.size() >= kManyPaths) {
    sync_filesystem();
  } else {
    sync_each(paths);
  }
}

void UnsyncedChanges::sync_filesystem() const {
  if (::syncfs(root_) != 0) throw sync_error(errno, description_);
}

void UnsyncedChanges::sync_each(const Paths& paths) const {
  const auto sync_path = [&](const std::string& path, int flags) {
    constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    const platform::Fd fd(::openat(root_, or_here(path), kFlags | flags));
    if (!fd.valid()) {
      if (is_gone(errno)) return;
      throw sync_error(errno, description_ + "/" + path);
    }
    if (::fsync(fd.get()) == 0) return;
    // Filesystems by FUSE and old network ones have no such call for directories, or for any.
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) {
      throw sync_error(errno, description_ + "/" + path);
    }
    if (::syncfs(fd.get()) != 0) throw sync_error(errno, description_ + "/" + path);
  };
  for (const std::string& path : paths.files) sync_path(path, O_NOFOLLOW);
  // A directory that another process made is durable only with the one above it.
  std::set<std::string> directories = paths.directories;
  for (std::string directory : paths.directories) {
    while (!directory.empty()) {
      directory = parent_of(directory);
      directories.insert(directory);
    }
  }
  for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
    sync_path(*directory, O_DIRECTORY);
  }
}

}  // namespace snapferry::blob
