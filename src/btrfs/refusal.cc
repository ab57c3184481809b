#include "btrfs/refusal.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace snapferry::btrfs {
namespace {

bool is_immutable(int directory) {
  struct statx status {};
  return ::statx(directory, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_IMMUTABLE) != 0;
}

Error immutable(std::string_view subject) {
  Error error(ErrorKind::PermissionDenied,
              std::string(subject) +
                  ": cannot be made, because the directory that it belongs in is immutable; "
                  "chattr -i that directory and run again");
  error.with_errno(EPERM);
  return error;
}

}  // namespace

void require_changeable(int directory, std::string_view subject) {
  if (is_immutable(directory)) throw immutable(subject);
}

Error failed_making(int number, int directory, std::string_view action, std::string_view subject) {
  if (number == EPERM && is_immutable(directory)) return immutable(subject);
  return system_error(number, action, subject);
}

// fs/btrfs/inode.c, btrfs_delete_subvolume.
Error failed_destroying(int number, std::string_view action, std::string_view subject) {
  if (number != EPERM || ::geteuid() != 0) return system_error(number, action, subject);
  Error error(ErrorKind::Busy,
              std::string(subject) + ": cannot " + std::string(action) +
                  " while it is being sent, as to another store or for a restore; run again later, "
                  "and if nothing sends it, see whether it is the default subvolume or in an "
                  "immutable directory");
  error.with_errno(number);
  return error;
}

}  // namespace snapferry::btrfs
