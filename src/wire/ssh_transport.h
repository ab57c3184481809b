#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/command.h"
#include "wire/connection.h"
#include "wire/error_relay.h"

namespace snapferry::wire {

struct SshOptions {
  // --ssh-command: in place of the system's ssh and the options it is given; HOST and the remote
  // command follow. Empty: ssh, with the configuration of whoever runs this.
  std::vector<std::string> command{};
  bool batch = false;  // nobody is there to answer: ssh must not ask
  // What runs at the far end where the key has no forced command of its own.
  std::vector<std::string> remote_command = {"snapferry", "agent"};
  // A person may have to type a password before the far end greets.
  TimeLimits times{.hello = std::chrono::seconds(150)};
  int errors = 2;  // where the far end's standard error is shown, once it has greeted
};

// A connection to an agent through a child process, ssh or another.
class SshTransport {
 public:
  // Starts it and shakes hands. Every failure is one line that begins with `host`: NotFound for
  // an unknown host or no snapferry there, PermissionDenied for a refused key or host key,
  // Unsupported for a far end that speaks something else, Unavailable for the rest. Nothing runs
  // any more then. Throws InvalidArgument for a host that ssh would take for an option.
  static std::unique_ptr<SshTransport> open(platform::Commands& commands, const std::string& host,
                                            const SshOptions& options);
  SshTransport(const SshTransport&) = delete;
  SshTransport& operator=(const SshTransport&) = delete;
  ~SshTransport();

  Connection& connection() { return *connection_; }
  const Hello& peer() const { return peer_; }

 private:
  SshTransport() = default;

  std::unique_ptr<ErrorRelay> errors_;
  std::unique_ptr<platform::Child> child_;
  std::unique_ptr<Connection> connection_;
  Hello peer_;
};

// The whole command line for `host`.
std::vector<std::string> ssh_arguments(const std::string& host, const SshOptions& options);

// What the end of ssh before any greeting means: its exit status, and the end of what was said on
// standard error.
Error explain_ssh_failure(const std::string& host, const std::string& program, int status,
                          std::string_view errors);

}  // namespace snapferry::wire
