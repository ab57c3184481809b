#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/store.h"
#include "core/volume.h"
#include "wire/ssh_transport.h"

namespace snapferry::cli {

// The connections to agents on other machines: one for each machine, shared by all ends on it
// and kept as long as one of them or this lives. Use from one thread at a time.
class RemoteEnds {
 public:
  // `ssh`: the program and its first words.
  explicit RemoteEnds(std::vector<std::string> ssh) : ssh_(std::move(ssh)) {}

  // Both throw as SshTransport::open does.
  std::unique_ptr<Source> source(const Address& address);
  std::unique_ptr<Store> store(const Address& address);

  // `remote` as in "root@web1".
  std::shared_ptr<wire::SshTransport> transport(const std::string& remote);

 private:
  const std::vector<std::string> ssh_;
  // Shared with the ends, which outlive this.
  std::map<std::string, std::shared_ptr<wire::SshTransport>> transports_;
};

}  // namespace snapferry::cli
