#pragma once

#include <map>
#include <string>
#include <vector>

namespace snapferry::zfs {

// What libzfs_core changes for any number of datasets of one pool with one call.
enum class PoolChange { Snapshot, Hold, Bookmark, Release, DestroySnapshots, DestroyBookmarks };

struct PoolItem {
  std::string name;        // "tank/home@a"; of bookmarks "tank/home#a"
  std::string argument{};  // of Hold and Release the tag, of Bookmark the snapshot
};

struct PoolOutcome {
  // An errno: nothing at all was done. 0: all was done but what `errors` names.
  int error = 0;
  // An errno for each name that is to blame; may be empty although `error` is not 0.
  std::map<std::string, int> errors{};
};

struct NewFilesystem {
  std::string name;
  bool never_mounts = false;  // canmount=off, mountpoint=none; needs root
  std::map<std::string, std::string> user_properties{};
};

// The calls by which the kernel changes snapshots and bookmarks, without a process, and all that
// it is given at one point of time; and makes filesystems. Safe from several threads.
class PoolCalls {
 public:
  virtual ~PoolCalls() = default;

  // `items` are all of one pool, and no name is there twice. Snapshots that are to be destroyed
  // and are not there are no error; of other changes they are among the outcome's `errors`.
  // Throws Unavailable where this machine has no libzfs_core or no ZFS.
  virtual PoolOutcome change(PoolChange change, const std::vector<PoolItem>& items) = 0;

  // Makes a filesystem below one that is there, and mounts nothing. Returns 0 or an errno.
  // Throws as change() does.
  virtual int create(const NewFilesystem& filesystem) = 0;
};

// Those of this machine, through libzfs_core.so.3 (.so.1 of OpenZFS 0.8), which is on every machine
// that has zfs(8). It is loaded when it is needed first.
PoolCalls& system_pool_calls();

}  // namespace snapferry::zfs
