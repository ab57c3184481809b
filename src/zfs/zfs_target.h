#pragma once

#include <optional>
#include <string>

#include "core/volume_target.h"
#include "platform/clock.h"
#include "platform/command.h"
#include "zfs/zfs_version.h"

namespace snapferry::zfs {

// Restores datasets of this machine through the `zfs` command, one process for each receive. What
// comes is checked as it is on the way into a store. The new dataset is writable and takes
// mountpoint and the rest from its parent; a filesystem is mounted at the end, unless it came
// encrypted. An interrupted receive leaves nothing behind (no -s).
class ZfsTarget : public VolumeTarget {
 public:
  // Borrows `commands`.
  explicit ZfsTarget(platform::Commands& commands, std::optional<ZfsVersion> version = {})
      : commands_(commands), version_(version) {}

  StreamFeatures features() override;
  void require_free(const std::string& volume) override;
  // Throws Unavailable, too, where all went well but for mounting; it says so.
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;

 private:
  void receive(const std::string& dataset, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation);
  void mount(const std::string& dataset);

  platform::Commands& commands_;
  std::optional<ZfsVersion> version_;
};

// Makes `dataset` as a store that never mounts by itself. Throws AlreadyExists if it is one,
// Conflict if there is another dataset of that name, NotFound for a missing pool.
void create_store(platform::Commands& commands, platform::Clock& clock, const std::string& dataset);

}  // namespace snapferry::zfs
