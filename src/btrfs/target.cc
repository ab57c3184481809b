#include "btrfs/target.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/receive.h"
#include "btrfs/send_stream.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/source.h"
#include "btrfs/store.h"
#include "btrfs/store_layout.h"
#include "btrfs/subvolume.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr int kOpenRoot = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct Split {
  std::string parent;  // "/" or without a slash at the end
  std::string name;
};

Split split(const std::string& path) {
  const auto slash = path.rfind('/');
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

platform::Fd open_parent(const std::string& volume, const Split& place) {
  platform::Fd parent = platform::open_path(place.parent, O_RDONLY | O_DIRECTORY);
  if (!is_btrfs(parent.get())) {
    throw Error(ErrorKind::Unsupported,
                volume + ": " + place.parent + " is not on a btrfs; give a path on one");
  }
  return parent;
}

// Of the snapshot that is there already; invalid if there is none of its name.
platform::Fd find_complete(int directory, const std::string& path, const Point& point) {
  mend_interrupted(directory, path);
  platform::Fd fd(::openat(directory, point.name.c_str(), kOpenRoot));
  if (!fd.valid() && errno == ENOENT) return fd;
  const std::string subject = path + "/" + point.name;
  if (!fd.valid()) throw system_error(errno, "open", subject);
  if (is_subvolume(fd.get())) {
    const Subvolume found = describe(fd.get(), subject);
    if (found.read_only && found.identity() == point.guid) return fd;
  }
  throw Error(ErrorKind::Conflict, subject +
                                       ": is another snapshot of the same name; restore to "
                                       "another path, or move it away");
}

platform::Fd receive_one(int directory, const std::string& path, const StreamRequest& request,
                         Stream& stream, Progress* progress, const Cancellation* cancellation) {
  ReceiveTarget target;
  target.directory = directory;
  target.path = path;
  target.open = [&](const Point& point) -> platform::Fd {
    throw Error(ErrorKind::Internal,
                path + ": a restore needs no other snapshot, not even " + point.name);
  };
  receive_snapshots(target, request, stream, progress, cancellation);
  return platform::open_at(directory, request.to.name.c_str(), kOpenRoot, 0,
                           path + "/" + request.to.name);
}

}  // namespace

StreamFeatures BtrfsTarget::features() {
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

void BtrfsTarget::restore(const std::string& volume, VolumeType, const StreamRequest& request,
                          Stream& stream, Progress* progress, const Cancellation* cancellation) {
  require_free(volume);
  const std::string path = path_of_volume(volume);
  const Split split_path = split(path);
  const SnapshotPlace place{split_path.parent == "/" ? "" : split_path.parent, split_path.name};
  const auto directory = open_snapshot_place(place);
  auto snapshot = find_complete(directory.get(), place.path(), request.to);
  if (!snapshot.valid()) {
    snapshot = receive_one(directory.get(), place.path(), request, stream, progress, cancellation);
  }
  const auto parent = open_parent(volume, split_path);
  create_snapshot(snapshot.get(), parent.get(), split_path.name, Access::ReadWrite, path);
}

void create_store(const std::string& directory) {
  BtrfsStore store(directory);
  const platform::Fd there(::open(directory.c_str(), kOpenRoot));
  if (!there.valid() && errno != ENOENT) {
    throw Error(ErrorKind::Conflict,
                store.name() + ": is there, and no directory; give another path");
  }
  if (there.valid()) {
    const auto names = names_in(there.get(), directory);
    if (std::find(names.begin(), names.end(), StoreLayout::kIdentityName) != names.end()) {
      throw Error(ErrorKind::AlreadyExists, store.name() + ": is a store already; use it as it is");
    }
    if (!names.empty()) {
      throw Error(ErrorKind::Conflict,
                  store.name() + ": holds something else; give a new or empty directory");
    }
    if (::fchmod(there.get(), 0700) != 0) throw system_error(errno, "protect it", directory);
  }
  store.identity();
}

}  // namespace snapferry::btrfs
