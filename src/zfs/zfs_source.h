#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/volume.h"
#include "core/volume_pattern.h"
#include "platform/command.h"
#include "zfs/pool_calls.h"
#include "zfs/zfs_version.h"

namespace snapferry::zfs {

// ZFS filesystems and zvols of this machine as a source, through the `zfs` command and
// PoolCalls. Threads, errors and effects as Source says.
//
// Processes: one for inventory(), one for describe(); for freeze() one listing; for send() one; for
// settle() one listing before anything is destroyed.
class ZfsSource : public Source {
 public:
  // `version` is that of the system, or nullopt to ask it when it is needed first. Borrows
  // `commands` and `calls`.
  ZfsSource(platform::Commands& commands, PoolCalls& calls, std::optional<ZfsVersion> version = {});

  StreamFeatures features() override;
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  void require_pools(const std::vector<VolumePattern>& patterns,
                     const std::vector<std::string>& missing);

  platform::Commands& commands_;
  PoolCalls& calls_;
  std::optional<ZfsVersion> version_;
};

}  // namespace snapferry::zfs
