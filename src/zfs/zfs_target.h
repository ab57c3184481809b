#pragma once

#include <string>

#include "core/volume_target.h"
#include "platform/command.h"

namespace snapferry::zfs {

// Restores whole ZFS volumes with `zfs receive`, without the properties that keep replicas from
// being used: they are as the parent and the defaults say, and filesystems are mounted where these
// say so. Not resumable, so that whatever ends a restore, the kernel removes what is half done.
class ZfsTarget : public VolumeTarget {
 public:
  // Borrows `commands`.
  explicit ZfsTarget(platform::Commands& commands) : commands_(commands) {}

  StreamFeatures features() override;
  void require_free(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;

 private:
  platform::Commands& commands_;
};

}  // namespace snapferry::zfs
