#include "btrfs/restore.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "btrfs/receive.h"
#include "btrfs/snapshot_finder.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/source.h"
#include "btrfs/subvolume.h"
#include "btrfs/unfollowed.h"
#include "btrfs/within_store.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr int kOpenRestored = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

void refuse_existing(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    throw Error(ErrorKind::AlreadyExists,
                path +
                    ": is there already and is never replaced; move it away, or restore under "
                    "another name");
  }
  if (errno != ENOENT) throw system_error(errno, "look at it", path);
}

bool is_there(int directory, const Point& point, const std::string& subject) {
  const platform::Fd fd(::openat(directory, point.name.c_str(), kOpenRestored | O_CLOEXEC));
  if (!fd.valid() || !is_subvolume(fd.get())) return false;
  const auto state = describe(fd.get(), subject);
  return state.read_only && state.identity() == point.guid;
}

}  // namespace

void restore_volume(const std::string& volume, const StreamRequest& request, Stream& stream,
                    Progress* progress, const Cancellation* cancellation) {
  const auto path = path_of_volume(volume);
  refuse_existing(path);
  refuse_within_store(path.substr(0, path.rfind('/')), volume);
  const auto slash = path.rfind('/');
  const SnapshotPlace place{path.substr(0, slash), path.substr(slash + 1)};
  const auto parent = open_unfollowed(place.directory + "/.", O_RDONLY);
  if (!is_btrfs(parent.get())) {
    throw Error(ErrorKind::Unsupported, volume + ": its directory is not on a btrfs");
  }
  const auto directory = open_snapshot_place(place);
  const auto subject = place.path_of(request.to.name);
  mend_interrupted(directory.get(), place.path());
  if (!is_there(directory.get(), request.to, subject)) {
    SnapshotFinder finder(volume);
    const ReceiveTarget target{directory.get(), place.path(),
                               [&](const Point& point) { return finder.open(point); }};
    receive_snapshots(target, request, stream, progress, cancellation);
  }
  const auto snapshot =
      platform::open_at(directory.get(), request.to.name.c_str(), kOpenRestored, 0, subject);
  create_snapshot(snapshot.get(), parent.get(), place.basename, Access::ReadWrite, path);
}

}  // namespace snapferry::btrfs
