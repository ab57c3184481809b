#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/command.h"
#include "wire/connection.h"

namespace snapferry::agent {

// A connection to the agent on another machine through ssh(1): `COMMAND… HOST snapferry agent`.
// Which options ssh takes, its configuration says; a person may be asked on the terminal.
class SshConnection {
 public:
  // `ssh` is an argv such as {"ssh"}; `destination` as in "root@web1". Returns once both sides have
  // greeted. Throws, with what ssh said: NotFound for an unknown host or a machine without
  // snapferry, PermissionDenied for a refused key or an unknown host key, Unavailable for a host
  // that cannot be reached, Unsupported for something else that answers or another version.
  SshConnection(platform::Commands& commands, const std::vector<std::string>& ssh,
                const std::string& destination);

  wire::Connection& wire() { return *connection_; }
  const wire::Hello& hello() const { return hello_; }

 private:
  std::unique_ptr<platform::Child> child_;  // after the connection ends
  std::unique_ptr<wire::Connection> connection_;
  wire::Hello hello_;
};

// What the end of `ssh` means before the agent has greeted: the cause and the next step.
Error ssh_failure(const std::string& destination, const platform::ExitReport& exit);

}  // namespace snapferry::agent
