#pragma once

#include <optional>
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

  // The same, only for what is a snapshot of the volume by its lineage (lineage.h): whoever may
  // send the one volume may know the identities of the snapshots of another. Throws NotFound for
  // anything else, and where the volume is gone.
  platform::Fd open_own(const Point& point);

 private:
  // The one that the volume itself was made of by a restore. Another of the same identity, such as
  // the snapshot that was once backed up, shares no data with it: relative to that one everything
  // would be sent.
  platform::Fd open_origin(const Point& point);
  platform::Fd open_ours(const Point& point) const;
  platform::Fd open_listed(const Point& point);
  const std::vector<Filesystem>& filesystems();

  std::string volume_;
  std::string path_;
  void look_at_volume();

  Guid uuid_;                   // zero: the volume is not there
  std::optional<Guid> origin_;  // what the volume is a snapshot of; zero: of nothing
  bool listed_ = false;
  std::vector<Filesystem> filesystems_;
};

}  // namespace snapferry::btrfs
