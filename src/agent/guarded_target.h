#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "agent/policy.h"
#include "core/volume_target.h"

namespace snapferry::agent {

// A target behind a policy: what the policy refuses throws PermissionDenied and never reaches the
// target.
class GuardedTarget : public VolumeTarget {
 public:
  // Borrows the policy.
  GuardedTarget(const Policy& policy, std::unique_ptr<VolumeTarget> target)
      : policy_(policy), target_(std::move(target)) {}

  StreamFeatures features(const std::string& volume) override;
  void require_free(const std::string& volume) override;
  void prepare(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
  void describe(const std::string& volume, VolumeType type,
                const VolumeProperties& properties) override;
  // Of a volume that this restored; of none that was there before.
  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override;

 private:
  const Policy& policy_;
  std::unique_ptr<VolumeTarget> target_;
  std::mutex mutex_;
  std::set<std::string> restored_;
};

}  // namespace snapferry::agent
