#pragma once

#include <string>

#include "core/volume_target.h"

namespace snapferry::btrfs {

// Restores subvolumes of this machine (btrfs/restore.h). Needs root.
class BtrfsTarget : public VolumeTarget {
 public:
  StreamFeatures features() override;
  void require_free(const std::string& volume) override;
  // The directory of its snapshots (btrfs/snapshot_place.h).
  void prepare(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
};

// Makes `directory` a store, of mode 0700. Its parent must be there, on a btrfs. Throws
// AlreadyExists if it is one, Conflict if anything else is there, NotFound, Unsupported.
void create_store(const std::string& directory);

}  // namespace snapferry::btrfs
