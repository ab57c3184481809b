#pragma once

#include <optional>
#include <string>

#include "core/volume_target.h"
#include "wire/connection.h"

namespace snapferry::agent {

// Where volumes of one kind are restored to at the far end of a connection, through its agent.
class RemoteTarget : public VolumeTarget {
 public:
  // `kind` is "zfs" or "btrfs". Borrows the connection.
  RemoteTarget(wire::Connection& connection, std::string kind)
      : connection_(connection), kind_(std::move(kind)) {}

  StreamFeatures features() override;  // asked once
  void require_free(const std::string& volume) override;
  // Where it throws, the far end has let go of what it made, or has been given ten seconds to.
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;

 private:
  wire::Connection& connection_;
  const std::string kind_;
  std::optional<StreamFeatures> features_;
};

// Has the agent at the far end make the store that its policy names, which is `store` as the far
// end calls it: "zfs:backup/snapferry". Throws as making it there fails (AlreadyExists, Conflict,
// NotFound), PermissionDenied.
void init_remote_store(wire::Connection& connection, const std::string& store);

}  // namespace snapferry::agent
