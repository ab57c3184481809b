#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/io.h"
#include "cli/run.h"
#include "cli/simplesnap.h"
#include "cli/terminal.h"
#include "platform/descriptor_limit.h"

namespace {

snapferry::Cancellation cancellation;

// Ends the work cleanly; the next signal kills.
void on_signal(int) {
  cancellation.request();
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = 0;  // without SA_RESTART, so that waiting ends
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A reader that has gone is told by write(), and so is a file that a limit keeps from growing.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

// What is in memory holds passwords and keys. A limit of 0 keeps no program that core_pattern names
// from getting a dump (systemd-coredump, apport); 1 does, and is too little for a file (core(5)).
void leave_no_core() {
  const rlimit none{.rlim_cur = 1, .rlim_max = 1};
  ::setrlimit(RLIMIT_CORE, &none);
}

// A descriptor of 0 to 2 that is closed would become a file of the store. Reading what was not
// there to be read goes on failing.
void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDWR);
  }
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "localhost";
  return name.data();
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  namespace cli = snapferry::cli;
  open_standard_descriptors();
  snapferry::platform::raise_descriptor_limit();
  leave_no_core();
  handle_signals();
  cli::FdOutput out(STDOUT_FILENO, "standard output");
  cli::FdOutput err(STDERR_FILENO, "standard error");
  cli::Io io{
      .input = STDIN_FILENO,
      .out = out,
      .err = err,
      .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
      .terminal_width = [] { return cli::terminal_width(STDERR_FILENO); },
      .host = host_name(),
      .clock = snapferry::platform::system_clock(),
      .cancellation = cancellation,
      .environment = environment,
      .ask_secret =
          [](std::string_view prompt) { return cli::ask_secret_on_terminal(prompt, cancellation); },
      .ask = [](std::string_view prompt) { return cli::ask_on_terminal(prompt, cancellation); }};
  const std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  if (const auto program = cli::program_named(argc > 0 ? argv[0] : "")) return (*program)(args, io);
  return cli::run(args, io);
}
