#include "cli/remote_ends.h"

#include "agent/remote_source.h"
#include "agent/remote_store.h"
#include "cli/endpoint.h"

namespace snapferry::cli {
namespace {

// An end and the connection that it borrows.
template <typename End>
class Connected : public End {
 public:
  template <typename... Arguments>
  explicit Connected(std::shared_ptr<wire::SshTransport> transport, Arguments&&... arguments)
      : End(transport->connection(), std::forward<Arguments>(arguments)...),
        transport_(std::move(transport)) {}

 private:
  std::shared_ptr<wire::SshTransport> transport_;
};

}  // namespace

std::shared_ptr<wire::SshTransport> RemoteEnds::transport(const std::string& remote) {
  auto& transport = transports_[remote];
  if (transport == nullptr) {
    wire::SshOptions options;
    options.command = ssh_;
    transport = wire::SshTransport::open(platform::system_commands(), remote, options);
  }
  return transport;
}

std::unique_ptr<Source> RemoteEnds::source(const Address& address) {
  return std::make_unique<Connected<agent::RemoteSource>>(transport(address.remote),
                                                          std::string(kind_name(address.kind)));
}

std::unique_ptr<Store> RemoteEnds::store(const Address& address) {
  return std::make_unique<Connected<agent::RemoteStore>>(transport(address.remote), address.text(),
                                                         address.local_text());
}

}  // namespace snapferry::cli
