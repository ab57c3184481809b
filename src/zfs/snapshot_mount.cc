#include "zfs/snapshot_mount.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "view/directory_view.h"

namespace snapferry::zfs {
namespace {

[[noreturn]] void fail(int number, const std::string& snapshot) {
  if (number == ENOSYS || number == ENODEV) {
    throw Error(ErrorKind::Unsupported,
                snapshot +
                    ": this kernel cannot mount it to be looked at; Linux 5.2 and the "
                    "module zfs are needed");
  }
  if (number == EPERM || number == EACCES) {
    throw Error(ErrorKind::PermissionDenied,
                snapshot + ": only root may mount it to be looked at; restore it as a whole");
  }
  throw system_error(number, "mount it", snapshot);
}

}  // namespace

std::unique_ptr<SnapshotView> mount_snapshot(const std::string& snapshot, const std::string& name) {
  const platform::Fd context(::fsopen("zfs", FSOPEN_CLOEXEC));
  if (!context.valid()) fail(errno, snapshot);
  const bool created =
      ::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", snapshot.c_str(), 0) == 0 &&
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) == 0 &&
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  if (!created) fail(errno, snapshot);
  platform::Fd mount(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!mount.valid()) fail(errno, snapshot);
  auto root = platform::open_at(mount.get(), ".", O_RDONLY | O_DIRECTORY, 0, snapshot);
  return std::make_unique<view::DirectoryView>(std::move(root), name, std::move(mount));
}

}  // namespace snapferry::zfs
