#pragma once

#include <string>
#include <vector>

#include "btrfs/filesystem.h"
#include "core/volume.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// Finds the snapshots that requests for one volume name: where our snapshots of it lie, else in
// the table of all subvolumes.
class SnapshotFinder {
 public:
  // "btrfs:/mnt/data/home", which need not be there.
  explicit SnapshotFinder(std::string volume);

  // Its read-only subvolume, by its identity. Throws NotFound if it is gone, or not below any
  // mount.
  platform::Fd open(const Point& point);

 private:
  platform::Fd open_ours(const Point& point) const;
  platform::Fd open_listed(const Point& point);

  std::string volume_;
  std::string path_;
  bool listed_ = false;
  std::vector<Filesystem> filesystems_;
};

}  // namespace snapferry::btrfs
