#include "cli/terminal.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::cli {
namespace {

constexpr const char* kSubject = "terminal";

// Invalid if there is none.
platform::Fd open_terminal() {
  platform::Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.valid() || ::isatty(STDIN_FILENO) != 1) return terminal;
  return platform::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
}

void say(const platform::Fd& terminal, std::string_view text) {
  // Standard input may be open for reading only.
  const bool is_writable = (::fcntl(terminal.get(), F_GETFL) & O_ACCMODE) != O_RDONLY;
  platform::write_all(is_writable ? terminal.get() : STDERR_FILENO, as_bytes(text), kSubject);
}

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) throw system_error(errno, "read its state", kSubject);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(fd, TCSAFLUSH, &silent) != 0) {
      throw system_error(errno, "turn its echo off", kSubject);
    }
  }
  ~EchoOff() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int fd_;
  termios before_{};
};

std::string read_line(int fd, const Cancellation& cancellation) {
  std::string line;
  while (true) {
    char c = 0;
    const ssize_t count = ::read(fd, &c, 1);
    if (count < 0 && errno != EINTR) throw system_error(errno, "read the answer", kSubject);
    if (count < 0) {
      cancellation.check();
      continue;
    }
    if (count == 0 || c == '\n') return line;
    line += c;
  }
}

}  // namespace

std::string ask_secret_on_terminal(std::string_view prompt, const Cancellation& cancellation) {
  const platform::Fd terminal = open_terminal();
  if (!terminal.valid()) {
    throw Error(ErrorKind::WrongPassword,
                "no password given, and no terminal to ask on; set SNAPFERRY_PASSWORD, or use "
                "--password-file or --password-command");
  }
  std::string line;
  {
    // What was typed before is not the answer.
    const EchoOff silent(terminal.get());
    say(terminal, prompt);
    line = read_line(terminal.get(), cancellation);
  }
  // The newline that was typed was not echoed.
  say(terminal, "\n");
  return line;
}

std::optional<std::string> ask_on_terminal(std::string_view prompt,
                                           const Cancellation& cancellation) {
  if (::isatty(STDIN_FILENO) != 1) return std::nullopt;
  const platform::Fd terminal = open_terminal();
  if (!terminal.valid()) return std::nullopt;
  say(terminal, prompt);
  return read_line(terminal.get(), cancellation);
}

unsigned terminal_width(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace snapferry::cli
