#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/volume_target.h"
#include "platform/command.h"

namespace snapferry::zfs {

// Restores whole ZFS volumes with `zfs receive`, without the properties that keep replicas from
// being used: complete() gives it those that it had, and mounts filesystems where their parent and
// the defaults say so. Not resumable, so that whatever ends a restore, the kernel removes what is
// half done.
class ZfsTarget : public VolumeTarget {
 public:
  // Borrows `commands`.
  explicit ZfsTarget(platform::Commands& commands) : commands_(commands) {}

  StreamFeatures features(const std::string& volume) override;
  void require_free(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
  void describe(const std::string& volume, VolumeType type,
                const VolumeProperties& properties) override;
  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override;

 private:
  std::vector<std::string> values_of(const std::string& dataset,
                                     const std::vector<std::string>& names);
  void assign(const std::string& dataset, const std::vector<std::string>& assignments,
              Completion& completion);
  void compare(const std::string& dataset, const VolumeProperties& properties,
               Completion& completion);

  platform::Commands& commands_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> initial_;  // by volume, as describe() told
};

}  // namespace snapferry::zfs
