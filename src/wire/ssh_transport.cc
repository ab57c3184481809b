#include "wire/ssh_transport.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>

#include "core/printable.h"

namespace snapferry::wire {
namespace {

// ssh(1), EXIT STATUS: that of the remote command, or 255 if an error occurred.
constexpr int kSshFailed = 255;
// sh(1): command found but not executable, command not found.
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

struct KnownFailure {
  std::string_view text;  // in what ssh says, OpenSSH 9.2
  ErrorKind kind;
  std::string_view message;
};

constexpr std::array kKnownFailures = {
    KnownFailure{"Could not resolve hostname", ErrorKind::NotFound,
                 "unknown host; check its name, or give it one in ~/.ssh/config"},
    KnownFailure{"IDENTIFICATION HAS CHANGED", ErrorKind::PermissionDenied,
                 "its host key has changed; find out why before you trust it (ssh-keygen -R "
                 "removes the old one)"},
    KnownFailure{"Host key verification failed", ErrorKind::PermissionDenied,
                 "its host key is not known here; connect once with ssh and compare the key"},
    KnownFailure{"Permission denied", ErrorKind::PermissionDenied,
                 "refused the key; add the line of 'snapferry authorize' to its authorized_keys"},
    KnownFailure{"Too many authentication failures", ErrorKind::PermissionDenied,
                 "refused all keys; name the right one as IdentityFile in ~/.ssh/config"},
    KnownFailure{"Connection refused", ErrorKind::Unavailable,
                 "no ssh server answers there; start it, or give its port in ~/.ssh/config"},
    KnownFailure{"timed out", ErrorKind::Unavailable,
                 "does not answer; check that it is up and reachable"},
    KnownFailure{"No route to host", ErrorKind::Unavailable,
                 "cannot be reached; check the network"},
    KnownFailure{"unreachable", ErrorKind::Unavailable, "cannot be reached; check the network"},
};

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return printable(newline == text.npos ? text : text.substr(newline + 1));
}

bool is_plain(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:@%+=,").find(c) != std::string_view::npos;
  });
}

// ssh joins the words of a remote command with blanks for the login shell there.
std::string quote(const std::string& word) {
  if (is_plain(word)) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

platform::Fd duplicate(int descriptor) {
  platform::Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) throw system_error(errno, "duplicate it", "a pipe");
  return copy;
}

}  // namespace

std::vector<std::string> ssh_arguments(const std::string& host, const SshOptions& options) {
  if (host.empty() || host.front() == '-') {
    throw Error(ErrorKind::InvalidArgument, "'" + printable(host) + "': is no host to connect to");
  }
  std::vector<std::string> argv = options.command;
  if (argv.empty()) {
    argv = {"ssh", "-T"};
    if (options.batch) argv.insert(argv.end(), {"-o", "BatchMode=yes"});
  }
  argv.push_back(host);
  for (const auto& word : options.remote_command) argv.push_back(quote(word));
  return argv;
}

Error explain_ssh_failure(const std::string& host, const std::string& program, int status,
                          std::string_view errors) {
  const auto said = last_line(errors);
  if (status == kNotFound) {
    return {ErrorKind::NotFound,
            host + ": has no snapferry in its PATH; install it there (" + said + ")"};
  }
  if (status == kNotExecutable) {
    return {ErrorKind::PermissionDenied,
            host + ": may not run snapferry; make it executable there (" + said + ")"};
  }
  if (status == kSshFailed) {
    for (const auto& known : kKnownFailures) {
      if (errors.find(known.text) != errors.npos) {
        return {known.kind, host + ": " + std::string(known.message)};
      }
    }
    return {ErrorKind::Unavailable,
            host + ": " + program + " failed: " + (said.empty() ? "it does not say why" : said) +
                "; try '" + program + " " + host + "'"};
  }
  if (status == 0) {
    return {ErrorKind::Unsupported,
            host +
                ": the far end left without a word; let the command of the key be snapferry "
                "agent"};
  }
  return {ErrorKind::Unavailable, host + ": the far end ended with status " +
                                      std::to_string(status) + (said.empty() ? "" : ": " + said)};
}

std::unique_ptr<SshTransport> SshTransport::open(platform::Commands& commands,
                                                 const std::string& host,
                                                 const SshOptions& options) {
  const auto argv = ssh_arguments(host, options);
  std::unique_ptr<SshTransport> transport(new SshTransport);
  transport->errors_ = std::make_unique<ErrorRelay>(host, options.errors);
  transport->child_ = commands.start(
      argv, {.input = true, .output = true, .errors_to = transport->errors_->write_end()});
  transport->errors_->close_write_end();
  auto& child = *transport->child_;
  ConnectionOptions connection;
  connection.role = Role::Client;
  connection.peer = host;
  connection.times = options.times;
  transport->connection_ =
      std::make_unique<Connection>(duplicate(child.output()), duplicate(child.input()), connection);
  child.close_input();
  try {
    transport->peer_ = transport->connection_->handshake();
  } catch (const Error& error) {
    // Silent for too long, or speaking something else: the child is ended, not waited for.
    if (error.kind() != ErrorKind::Unavailable || !transport->connection_->peer_left()) throw;
    transport->connection_.reset();
    const int status = child.wait().status;
    throw explain_ssh_failure(host, argv.front(), status, transport->errors_->stop());
  }
  transport->errors_->pass_on();
  return transport;
}

SshTransport::~SshTransport() {
  // Closes the pipes first, which lets the far end and then ssh leave by themselves.
  connection_.reset();
  child_.reset();
  if (errors_) errors_->stop();
}

}  // namespace snapferry::wire
