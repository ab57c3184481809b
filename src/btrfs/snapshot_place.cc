#include "btrfs/snapshot_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/mount_table.h"
#include "btrfs/own_subvolume.h"
#include "btrfs/private_directory.h"
#include "btrfs/refusal.h"
#include "btrfs/subvolume.h"
#include "btrfs/unfollowed.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

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
  if (path == "/") return {"", kOwnBasename};
  const auto parent = parent_of(path);
  if (!on_one_btrfs(path, parent)) return {path, kOwnBasename};
  return {parent == "/" ? "" : parent, path.substr(path.rfind('/') + 1)};
}

platform::Fd open_snapshot_place(const SnapshotPlace& place) {
  // Only what makes a subvolume needs the directory open: a process that may not read it works in
  // what is there.
  const platform::Fd directory = open_unfollowed(join(place.directory, "."), O_PATH);
  const std::string ours = place.directory + "/" + kSnapshotsName;
  make_own_subvolume(directory.get(), kSnapshotsName, ours);
  const auto snapshots = open_or_make_private(directory.get(), kSnapshotsName, ours);
  return open_or_make_private(snapshots.get(), place.basename, place.path());
}

void rehearse_snapshot_place(const SnapshotPlace& place) {
  const platform::Fd directory = open_unfollowed(join(place.directory, "."), O_PATH);
  struct statvfs mount {};
  if (::fstatvfs(directory.get(), &mount) != 0) {
    throw system_error(errno, "look at it", place.directory);
  }
  if ((mount.f_flag & ST_RDONLY) != 0) {
    throw Error(ErrorKind::PermissionDenied,
                join(place.directory, kSnapshotsName) +
                    ": is on a mount that is read-only, so that no snapshot can be made; mount it "
                    "writable");
  }
  if (!exists(directory.get(), kSnapshotsName)) {
    require_changeable(directory.get(), join(place.directory, kSnapshotsName));
    (void)platform::open_at(directory.get(), ".", O_RDONLY | O_DIRECTORY, 0, place.directory);
    return;
  }
  const auto subject = join(place.directory, kSnapshotsName);
  const auto snapshots = find_private(directory.get(), kSnapshotsName, subject);
  if (!exists(snapshots.get(), place.basename.c_str())) {
    return require_changeable(snapshots.get(), place.path());
  }
  const auto own = find_private(snapshots.get(), place.basename, place.path());
  require_changeable(own.get(), place.path_of("snapshot"));
}

platform::Fd find_snapshot_place(const SnapshotPlace& place) {
  try {
    return open_unfollowed(place.path(), O_RDONLY);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return {};
  }
}

}  // namespace snapferry::btrfs
