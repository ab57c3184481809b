#include "remote/remote_target.h"

#include "core/printable.h"
#include "remote/remote_call.h"
#include "wire/pump.h"

namespace snapferry::remote {

StreamFeatures RemoteTarget::features(const std::string& volume) {
  // One without the feature knows kinds alone.
  return remote_call<wire::FeaturesReply>(connection_, wire::Verb::TargetFeatures,
                                          wire::FeaturesRequest{describes_ ? volume : kind_})
      .features;
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

void RemoteTarget::describe(const std::string& volume, VolumeType type,
                            const VolumeProperties& properties) {
  if (!describes_) return;
  remote_call<wire::Nothing>(connection_, wire::Verb::TargetDescribe,
                             wire::CompleteRequest{volume, type, properties});
}

Completion RemoteTarget::complete(const std::string& volume, VolumeType type,
                                  const VolumeProperties& properties) {
  if (!describes_) return {};
  auto completion =
      remote_call<wire::CompleteReply>(connection_, wire::Verb::TargetComplete,
                                       wire::CompleteRequest{volume, type, properties})
          .completion;
  for (auto* lines : {&completion.left, &completion.failed}) {
    for (auto& line : *lines) line = printable(line);
  }
  return completion;
}

void init_remote_store(wire::Connection& connection, const std::string& store) {
  remote_call<wire::Nothing>(connection, wire::Verb::StoreInit, wire::InitRequest{store});
}

}  // namespace snapferry::remote
