#include "agent/guarded_target.h"

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::agent {

StreamFeatures GuardedTarget::features(const std::string& volume) {
  // A kind alone says nothing of this machine's volumes.
  if (!volume.ends_with(':')) policy_.may_make(volume).require();
  return target_->features(volume);
}

void GuardedTarget::require_free(const std::string& volume) {
  policy_.may_make(volume).require();
  target_->require_free(volume);
}

void GuardedTarget::prepare(const std::string& volume) {
  policy_.may_make(volume).require();
  target_->prepare(volume);
}

void GuardedTarget::restore(const std::string& volume, VolumeType type,
                            const StreamRequest& request, Stream& stream, Progress* progress,
                            const Cancellation* cancellation) {
  policy_.may_make_of(volume, request).require();
  target_->require_free(volume);
  target_->restore(volume, type, request, stream, progress, cancellation);
  const std::lock_guard lock(mutex_);
  restored_.insert(volume);
}

void GuardedTarget::describe(const std::string& volume, VolumeType type,
                             const VolumeProperties& properties) {
  policy_.may_make(volume).require();
  target_->describe(volume, type, properties);
}

Completion GuardedTarget::complete(const std::string& volume, VolumeType type,
                                   const VolumeProperties& properties) {
  policy_.may_make(volume).require();
  {
    const std::lock_guard lock(mutex_);
    if (restored_.erase(volume) == 0) {
      throw Error(ErrorKind::PermissionDenied,
                  printable(volume) +
                      ": was not restored over this connection, and what is there "
                      "is not changed");
    }
  }
  return target_->complete(volume, type, properties);
}

}  // namespace snapferry::agent
