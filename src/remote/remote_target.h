#pragma once

#include <string>

#include "core/volume_target.h"
#include "wire/connection.h"

namespace snapferry::remote {

// Where volumes of one kind are restored to at the far end of a connection, through its agent.
class RemoteTarget : public VolumeTarget {
 public:
  // `kind` is "zfs" or "btrfs". Borrows the connection.
  // `describes`: the agent has wire::kPropertiesFeature.
  RemoteTarget(wire::Connection& connection, std::string kind, bool describes = true)
      : connection_(connection), kind_(std::move(kind)), describes_(describes) {}

  StreamFeatures features(const std::string& volume) override;
  void require_free(const std::string& volume) override;
  // Where it throws, the far end has let go of what it made, or has been given ten seconds to.
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;
  void describe(const std::string& volume, VolumeType type,
                const VolumeProperties& properties) override;
  // Comes out printable.
  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override;

 private:
  wire::Connection& connection_;
  const std::string kind_;
  const bool describes_;
};

// Has the agent at the far end make the store that its policy names, which is `store` as the far
// end calls it: "zfs:backup/snapferry". Throws as making it there fails (AlreadyExists, Conflict,
// NotFound), PermissionDenied.
void init_remote_store(wire::Connection& connection, const std::string& store);

}  // namespace snapferry::remote
