// Questions where the system has a terminal, but none that controls the process: a chroot without
// /dev/tty, a container.
#include "cli/terminal.h"

#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::cli {
namespace {

using platform::Fd;

class WithoutControllingTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    master_ = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master_.valid() || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0) {
      GTEST_SKIP() << "no pseudo-terminals";
    }
    char name[64];
    ASSERT_EQ(::ptsname_r(master_.get(), name, sizeof name), 0);
    slave_name_ = name;
  }

  // Runs `body`, of which 0 is good, in a process that no terminal controls, with the terminal,
  // open as `flags` say, as its standard input and error.
  void begin(int flags, const std::function<int()>& body) {
    const Fd slave(::open(slave_name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    child_ = ::fork();
    if (child_ != 0) return;
    ::setsid();
    const Fd input(::open(slave_name_.c_str(), flags | O_NOCTTY | O_CLOEXEC));
    ::dup2(input.get(), STDIN_FILENO);
    ::dup2(slave.get(), STDERR_FILENO);
    ::_exit(body());
  }
  int end() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
  }
  // What the terminal shows, up to and with `last`.
  std::string shown_until(std::string_view last) const {
    std::string shown;
    char c = 0;
    while (!shown.ends_with(last) && ::read(master_.get(), &c, 1) == 1) shown += c;
    return shown;
  }
  void type(std::string_view text) const {
    platform::write_all(master_.get(), as_bytes(text), "terminal");
  }

  Fd master_;
  std::string slave_name_;
  ::pid_t child_ = -1;
  Cancellation cancellation_;
};

TEST_F(WithoutControllingTerminal, ASecretIsAskedForOnStandardInput) {
  for (const int flags : {O_RDWR, O_RDONLY}) {
    begin(flags, [&] { return ask_secret_on_terminal("secret? ", cancellation_) == "s3" ? 0 : 1; });
    EXPECT_EQ(shown_until("secret? "), "secret? ");
    type("s3\n");
    EXPECT_EQ(shown_until("\n"), "\r\n") << "it was shown";
    EXPECT_EQ(end(), 0);
  }
}

TEST_F(WithoutControllingTerminal, AQuestionIsAskedOnStandardInput) {
  begin(O_RDWR, [&] { return ask_on_terminal("sure? ", cancellation_) == "y" ? 0 : 1; });
  EXPECT_EQ(shown_until("sure? "), "sure? ");
  type("y\n");
  EXPECT_EQ(end(), 0);
}

TEST_F(WithoutControllingTerminal, NothingIsAskedWhereStandardInputIsNone) {
  begin(O_RDWR, [&] {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(null.get(), STDIN_FILENO);
    if (ask_on_terminal("sure? ", cancellation_)) return 1;
    try {
      ask_secret_on_terminal("secret? ", cancellation_);
    } catch (const Error& error) {
      const bool names_all = error.message().find("SNAPFERRY_PASSWORD") != std::string::npos &&
                             error.message().find("--password-file") != std::string::npos;
      return error.kind() == ErrorKind::WrongPassword && names_all ? 0 : 2;
    }
    return 3;
  });
  EXPECT_EQ(end(), 0);
}

}  // namespace
}  // namespace snapferry::cli
