#include "agent/errand.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/error.h"
#include "platform/socket_pair.h"

namespace snapferry::agent {
namespace {

constexpr std::size_t kLongestReply = 4096;
constexpr char kDone = '\0';
constexpr int kSocket = 3;

// Whoever waits for the end of the connection must not wait for this process.
void keep_only(int socket) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {0, 1, 2}) ::dup2(nothing, standard);
  ::dup2(socket, kSocket);
  (void)::close_range(kSocket + 1, ~0u, 0);
}

// What is told: kDone, or the kind of the error and its message.
std::string outcome_of(const std::function<void()>& work) {
  try {
    work();
    return {kDone};
  } catch (const Error& error) {
    const std::string& message = error.message();
    return static_cast<char>(1 + static_cast<int>(error.kind())) +
           message.substr(0, kLongestReply - 1);
  } catch (const std::exception& error) {
    return static_cast<char>(1 + static_cast<int>(ErrorKind::Internal)) +
           std::string(error.what()).substr(0, kLongestReply - 1);
  }
}

[[noreturn]] void wait_for_the_word(int socket, const std::function<void()>& work) {
  // The signals of a terminal end the agent, and its end this.
  ::signal(SIGINT, SIG_IGN);
  keep_only(socket);
  char word = 0;
  if (::read(kSocket, &word, 1) != 1) ::_exit(0);
  const std::string outcome = outcome_of(work);
  (void)!::write(kSocket, outcome.data(), outcome.size());
  ::_exit(0);
}

}  // namespace

Errand::Errand(const std::function<void()>& work) {
  auto [ours, other] = platform::socket_pair();
  socket_ = std::move(ours);
  child_ = ::fork();
  if (child_ < 0) throw system_error(errno, "start it", "a process beside the agent");
  if (child_ == 0) wait_for_the_word(other.get(), work);
}

Errand::~Errand() {
  socket_.reset();
  ::waitpid(child_, nullptr, 0);
}

void Errand::run() {
  const char word = 1;
  std::string outcome(kLongestReply, '\0');
  if (::send(socket_.get(), &word, 1, MSG_NOSIGNAL) == 1) {
    outcome.resize(platform::read_up_to(socket_.get(),
                                        reinterpret_cast<std::uint8_t*>(outcome.data()),
                                        outcome.size(), "the process beside the agent"));
  } else {
    outcome.clear();
  }
  if (outcome.empty()) {
    throw Error(ErrorKind::Unavailable, "the process that makes it has ended; connect again");
  }
  if (outcome.front() == kDone) return;
  throw Error(static_cast<ErrorKind>(outcome.front() - 1), outcome.substr(1));
}

}  // namespace snapferry::agent
