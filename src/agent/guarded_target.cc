#include "agent/guarded_target.h"

namespace snapferry::agent {

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
}

}  // namespace snapferry::agent
