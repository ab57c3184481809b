#include "agent/ssh_connection.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::agent {
namespace {

constexpr int kFailed = 255;    // ssh(1): the connection itself
constexpr int kNotFound = 127;  // sh(1)
constexpr int kNotExecutable = 126;

struct Meaning {
  std::string_view said;  // by ssh of OpenSSH, in its message
  ErrorKind kind;
  std::string_view cause;
  std::string_view next_step;
};

constexpr std::array<Meaning, 6> kMeanings = {{
    {"Could not resolve hostname", ErrorKind::NotFound, "no host of this name is known",
     "check the name, or name it in ~/.ssh/config"},
    {"Host key verification failed", ErrorKind::PermissionDenied,
     "its host key is not known here, or is another one now",
     "connect once with ssh and compare the key, or run ssh-keyscan"},
    {"Permission denied", ErrorKind::PermissionDenied, "refuses every key that ssh offers",
     "add the line that 'snapferry authorize' prints to its authorized_keys"},
    {"Connection refused", ErrorKind::Unavailable, "runs no ssh server at this port",
     "start sshd there, or name the port in ~/.ssh/config"},
    {"timed out", ErrorKind::Unavailable, "does not answer", "see whether it runs"},
    {"No route to host", ErrorKind::Unavailable, "cannot be reached", "see whether it runs"},
}};

std::string last_line(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto start = text.rfind('\n');
  return printable(start == text.npos ? text : text.substr(start + 1));
}

platform::Fd duplicate(int fd) {
  platform::Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) throw system_error(errno, "duplicate it", "a pipe to ssh");
  return copy;
}

bool has_ended(int output) {
  ::pollfd ended{output, 0, 0};
  return ::poll(&ended, 1, 1000) == 1 && (ended.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

Error ssh_failure(const std::string& destination, const platform::ExitReport& exit) {
  const auto subject = printable(destination);
  const auto said = last_line(exit.errors);
  if (exit.status == kNotFound || exit.status == kNotExecutable) {
    return Error(ErrorKind::NotFound, subject +
                                          ": no snapferry is there, or not in the PATH of its "
                                          "ssh server (" +
                                          said + "); install it, or give authorize --program PATH");
  }
  if (exit.status == kFailed) {
    for (const auto& meaning : kMeanings) {
      if (exit.errors.find(meaning.said) == std::string::npos) continue;
      return Error(meaning.kind, subject + ": " + std::string(meaning.cause) +
                                     (said.empty() ? "" : " (" + said + ")") + "; " +
                                     std::string(meaning.next_step));
    }
  }
  return Error(ErrorKind::Unavailable,
               subject + ": the agent ended before it greeted (" +
                   (said.empty() ? "exit status " + std::to_string(exit.status) : said) +
                   "); 'ssh " + subject + " snapferry agent' shows more");
}

SshConnection::SshConnection(platform::Commands& commands, const std::vector<std::string>& ssh,
                             const std::string& destination) {
  auto argv = ssh;
  argv.insert(argv.end(), {destination, "snapferry", "agent"});
  child_ = commands.start(argv, {.input = true, .output = true});
  const auto output = duplicate(child_->output());
  connection_ = std::make_unique<wire::Connection>(
      duplicate(child_->output()), duplicate(child_->input()), wire::ConnectionOptions{});
  child_->close_input();  // the connection has its own, whose end the far end must see
  try {
    hello_ = connection_->handshake();
  } catch (Error& error) {
    connection_.reset();
    if (error.kind() == ErrorKind::Unavailable && has_ended(output.get())) {
      throw ssh_failure(destination, child_->wait());
    }
    error.add_context(printable(destination));
    throw;
  }
}

}  // namespace snapferry::agent
