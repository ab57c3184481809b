#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/store.h"
#include "core/store_address.h"
#include "core/volume.h"
#include "core/volume_address.h"
#include "core/volume_target.h"
#include "wire/ssh_transport.h"

namespace snapferry::remote {

// The connection to one machine, shared by all ends there. Whoever uses it after it was lost
// gets a new one, so that a run that tries again can carry on. Safe from several threads.
class RemoteLine {
 public:
  using Connect = std::function<std::shared_ptr<wire::SshTransport>()>;

  // Connects at once, and throws as `connect` does.
  explicit RemoteLine(Connect connect) : connect_(std::move(connect)), transport_(connect_()) {}

  // Throws as `connect` does, where it has to.
  std::shared_ptr<wire::SshTransport> transport();

  // Before something is to be written there: has an agent that could not write yet make what it
  // lacks, and connects anew. At most once; nothing for an agent that can. Throws as it fails.
  void prepare();

 private:
  const Connect connect_;
  std::mutex mutex_;
  std::shared_ptr<wire::SshTransport> transport_;
  bool prepared_ = false;
};

// The ends behind a line to the machine of `address`, as remote/remote_source.h,
// remote_store.h and remote_target.h say. A call that meets the loss of the connection throws
// Unavailable; the next one connects again. A store that is another one then throws Conflict and is
// not touched. An agent without the role that is needed throws PermissionDenied before anything is
// asked of it.
std::unique_ptr<Source> remote_source(std::shared_ptr<RemoteLine> line,
                                      const VolumeAddress& address);
std::unique_ptr<Store> remote_store(std::shared_ptr<RemoteLine> line, const StoreAddress& address);
std::unique_ptr<VolumeTarget> remote_target(std::shared_ptr<RemoteLine> line,
                                            const VolumeAddress& address);

// As init_remote_store() says.
void make_remote_store(RemoteLine& line, const StoreAddress& address);

}  // namespace snapferry::remote
