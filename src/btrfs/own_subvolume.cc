#include "btrfs/own_subvolume.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/btrfs_tree.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/subvolume.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::btrfs {
namespace {

bool is_root_of_subvolume(const struct stat& status) {
  return status.st_ino == BTRFS_FIRST_FREE_OBJECTID;
}

void create(int directory, const char* name, const std::string& subject) {
  const auto open = platform::open_at(directory, ".", O_RDONLY | O_DIRECTORY, 0, subject);
  try {
    create_subvolume(open.get(), name, subject);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::AlreadyExists) throw;  // another run was first
  }
}

void make_writable(int directory, const char* name, const std::string& subject) {
  const auto fd =
      platform::open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, subject);
  if (is_subvolume(fd.get()) && describe(fd.get(), subject).read_only) {
    set_writable(fd.get(), subject);
  }
}

}  // namespace

void make_own_subvolume(int directory, const char* name, const std::string& subject) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) throw system_error(errno, "look at it", subject);
    return create(directory, name, subject);
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(ErrorKind::Conflict,
                subject +
                    ": is no directory, and snapshots belong there; move it away and run "
                    "again");
  }
  const bool stub = status.st_ino == BTRFS_EMPTY_SUBVOL_DIR_OBJECTID;
  if (!stub && status.st_uid != ::geteuid()) return;
  if (is_root_of_subvolume(status)) return make_writable(directory, name, subject);
  if (::unlinkat(directory, name, AT_REMOVEDIR) == 0) return create(directory, name, subject);
  if (stub) throw system_error(errno, "replace the stub that a rollback left", subject);
}

}  // namespace snapferry::btrfs
