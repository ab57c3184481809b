#pragma once

#include <string>

#include "core/volume_target.h"

namespace snapferry::btrfs {

// Restores subvolumes of this machine (btrfs/restore.h). Needs root.
class BtrfsTarget : public VolumeTarget {
 public:
  StreamFeatures features(const std::string&) override;
  void require_free(const std::string& volume) override;
  // The directory of its snapshots (btrfs/snapshot_place.h).
  void prepare(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
};

}  // namespace snapferry::btrfs
