#include "agent/remote_target.h"

#include "agent/remote_call.h"
#include "wire/pump.h"

namespace snapferry::agent {

StreamFeatures RemoteTarget::features() {
  if (!features_) {
    features_ = remote_call<wire::FeaturesReply>(connection_, wire::Verb::TargetFeatures,
                                                 wire::FeaturesRequest{kind_})
                    .features;
  }
  return *features_;
}

void RemoteTarget::require_free(const std::string& volume) {
  remote_call<wire::Nothing>(connection_, wire::Verb::TargetRequireFree, wire::FreeRequest{volume});
}

void RemoteTarget::restore(const std::string& volume, VolumeType type, const StreamRequest& request,
                           Stream& stream, Progress* progress, const Cancellation* cancellation) {
  auto channel =
      connection_.request(wire::Verb::TargetRestore,
                          wire::encode(wire::RestoreStart{volume, type, request}), cancellation);
  try {
    wire::pump(stream, channel, progress, cancellation);
    wire::decode<wire::Nothing>(channel.message(cancellation));
  } catch (...) {
    channel.cancel_and_wait(kLetGo);
    throw;
  }
}

void init_remote_store(wire::Connection& connection, const std::string& store) {
  remote_call<wire::Nothing>(connection, wire::Verb::StoreInit, wire::InitRequest{store});
}

}  // namespace snapferry::agent
