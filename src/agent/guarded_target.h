#pragma once

#include <memory>
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

  StreamFeatures features() override { return target_->features(); }
  void require_free(const std::string& volume) override;
  void prepare(const std::string& volume) override;
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;

 private:
  const Policy& policy_;
  std::unique_ptr<VolumeTarget> target_;
};

}  // namespace snapferry::agent
