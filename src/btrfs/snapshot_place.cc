#include "btrfs/snapshot_place.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/mount_table.h"
#include "btrfs/private_directory.h"
#include "btrfs/subvolume.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr const char* kOwnBasename = ".self";

bool same_filesystem(int one, int other) {
  btrfs_ioctl_fs_info_args first{}, second{};
  return ::ioctl(one, BTRFS_IOC_FS_INFO, &first) == 0 &&
         ::ioctl(other, BTRFS_IOC_FS_INFO, &second) == 0 &&
         std::memcmp(first.fsid, second.fsid, sizeof first.fsid) == 0;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool exists(int parent, const char* name) {
  struct stat status {};
  return ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

bool is_ours(std::string_view path) {
  const std::string whole = "/" + std::string(path) + "/";
  return whole.find("/.snapferry/") != whole.npos;
}

SnapshotPlace snapshot_place(const std::string& path) {
  const platform::Fd volume = platform::open_path(path, O_RDONLY | O_DIRECTORY);
  if (path != "/") {
    const auto parent_path = parent_of(path);
    const platform::Fd parent = platform::open_path(parent_path, O_RDONLY | O_DIRECTORY);
    if (same_filesystem(volume.get(), parent.get())) {
      return {parent_path == "/" ? "" : parent_path, path.substr(path.rfind('/') + 1)};
    }
  }
  return {path == "/" ? "" : path, kOwnBasename};
}

platform::Fd open_snapshot_place(const SnapshotPlace& place) {
  const platform::Fd directory =
      platform::open_path(join(place.directory, "."), O_RDONLY | O_DIRECTORY);
  const std::string ours = place.directory + "/" + kSnapshotsName;
  if (!exists(directory.get(), kSnapshotsName)) {
    try {
      create_subvolume(directory.get(), kSnapshotsName, ours);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::AlreadyExists) throw;
    }
  }
  const auto snapshots = open_or_make_private(directory.get(), kSnapshotsName, ours);
  return open_or_make_private(snapshots.get(), place.basename, place.path());
}

platform::Fd find_snapshot_place(const SnapshotPlace& place) {
  const int fd = ::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) throw system_error(errno, "open", place.path());
  return platform::Fd(fd);
}

}  // namespace snapferry::btrfs
