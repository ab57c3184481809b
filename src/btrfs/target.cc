#include "btrfs/target.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/restore.h"
#include "btrfs/send_stream.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/source.h"
#include "btrfs/subvolume.h"
#include "btrfs/unfollowed.h"
#include "btrfs/within_store.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

struct Split {
  std::string parent;  // "/" or without a slash at the end
  std::string name;
};

Split split(const std::string& path) {
  const auto slash = path.rfind('/');
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

platform::Fd open_parent(const std::string& volume, const Split& place) {
  refuse_within_store(place.parent, volume);
  platform::Fd parent;
  try {
    parent = open_unfollowed(place.parent, O_RDONLY);
  } catch (const Error& error) {
    if (error.system_error() != ENOENT && error.system_error() != ENOTDIR) throw;
    throw Error(ErrorKind::NotFound, volume + ": there is no directory " + place.parent +
                                         " to make it in; make that first, or give another path");
  }
  if (!is_btrfs(parent.get())) {
    throw Error(ErrorKind::Unsupported,
                volume + ": " + place.parent + " is not on a btrfs; give a path on one");
  }
  return parent;
}

}  // namespace

StreamFeatures BtrfsTarget::features(const std::string&) {
  StreamFeatures features;
  features.compressed = newest_send_version() >= 2;
  return features;
}

void BtrfsTarget::require_free(const std::string& volume) {
  const std::string path = path_of_volume(volume);
  const Split place = split(path);
  const auto parent = open_parent(volume, place);
  struct stat status {};
  if (place.name.empty() ||
      ::fstatat(parent.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    throw Error(ErrorKind::AlreadyExists,
                volume + ": is there already, and nothing is ever replaced; give a new path");
  }
  if (errno != ENOENT) throw system_error(errno, "look at it", path);
}

void BtrfsTarget::prepare(const std::string& volume) {
  const Split place = split(path_of_volume(volume));
  const auto parent = open_parent(volume, place);
  struct stat status {};
  if (::fstatat(parent.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return;
  (void)open_snapshot_place({place.parent == "/" ? "" : place.parent, place.name});
}

void BtrfsTarget::restore(const std::string& volume, VolumeType, const StreamRequest& request,
                          Stream& stream, Progress* progress, const Cancellation* cancellation) {
  restore_volume(volume, request, stream, progress, cancellation);
}

}  // namespace snapferry::btrfs
