#pragma once

#include <string>

#include "core/volume_target.h"

namespace snapferry::btrfs {

// Restores subvolumes of this machine. The snapshot is received where those of the new volume
// belong (btrfs/snapshot_place.h), confined as into a store, and the volume is made as a writable
// snapshot of it, in one step: so it is whole or not there, and its next backup has a base. Needs
// root.
class BtrfsTarget : public VolumeTarget {
 public:
  StreamFeatures features() override;
  void require_free(const std::string& volume) override;
  // A snapshot that is already where it belongs is not received again: what an earlier restore left
  // that was interrupted before its last step, or the volume's own one.
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
};

// Makes `directory` a store, of mode 0700. Its parent must be there, on a btrfs. Throws
// AlreadyExists if it is one, Conflict if anything else is there, NotFound, Unsupported.
void create_store(const std::string& directory);

}  // namespace snapferry::btrfs
