#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "btrfs/mount_table.h"
#include "btrfs/subvolume_table.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// One btrfs and where it is mounted. Not safe from several threads.
class Filesystem {
 public:
  enum class Sync { Yes, No };

  // Those that have a mount below `path`, or hold it: what a pattern beginning there can cover.
  // Throws Unavailable, PermissionDenied.
  static std::vector<Filesystem> touched_by(const std::vector<std::string>& paths, Sync sync);

  const SubvolumeTable& subvolumes() const { return subvolumes_; }
  // The subvolume whose root `path` is; nullptr if none of this filesystem's is there.
  const Subvolume* at(const std::string& path) const;
  int fd() const { return fd_.get(); }

  // All paths at which `subvolume` is to be seen by the table of mounts.
  std::vector<std::string> paths_of(const Subvolume& subvolume) const;
  // At one at least.
  bool is_visible(const Subvolume& subvolume) const;
  // A mount of this filesystem is at `path`.
  bool is_mounted_at(const std::string& path) const;
  // Opens it by this one; invalid if something else is there, another mount over it for one.
  platform::Fd open_at(const Subvolume& subvolume, const std::string& path) const;
  // Opens it by the first that leads to it.
  platform::Fd open(const Subvolume& subvolume) const;

 private:
  Filesystem(std::vector<Mount> mounts, platform::Fd fd);

  std::vector<Mount> mounts_;
  platform::Fd fd_;
  SubvolumeTable subvolumes_;
};

}  // namespace snapferry::btrfs
