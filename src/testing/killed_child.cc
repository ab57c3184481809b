#include "testing/killed_child.h"

#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace snapferry::testing {
namespace {

constexpr int kCannotTrace = 77;

[[noreturn]] void be_traced(const std::function<void()>& action) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kCannotTrace);
  ::raise(SIGSTOP);
  try {
    action();
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("a traced process is gone");
  }
  return status;
}

// How it ended by itself, or 128 + SIGKILL. It stops twice for a call: before and after it.
int run_until(const std::function<void()>& action, int call) {
  const pid_t child = ::fork();
  if (child < 0) return kCannotTrace;
  if (child == 0) be_traced(action);
  int status = wait_for(child);
  for (int stop = 1; WIFSTOPPED(status); ++stop) {
    if (stop == 1) ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL);
    if (stop == 2 * call) {
      ::kill(child, SIGKILL);
    } else if (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0) {
      ::kill(child, SIGKILL);
    }
    status = wait_for(child);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool kill_before_each_call(const std::function<void()>& action, const std::function<void()>& look) {
  for (int call = 1;; ++call) {
    const int end = run_until(action, call);
    if (end == kCannotTrace) return false;
    if (end != 0 && end != 128 + SIGKILL) throw std::runtime_error("the action failed by itself");
    look();
    if (end == 0) return true;
  }
}

}  // namespace snapferry::testing
