#include "cli/simplesnap.h"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/test_program.h"
#include "sandbox/landlock.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

// The wrapper in a process of its own, which it contains for good; then `look` in there.
int after_wrapper(const std::string& command, const std::function<int(int code)>& look) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    StringOutput out, err;
    StoppedClock clock;
    const Cancellation cancellation;
    Io io{.out = out, .err = err, .clock = clock, .cancellation = cancellation};
    if (!command.empty()) {
      io.environment = [&](const std::string&) -> std::optional<std::string> { return command; };
    }
    ::_exit(look(run_simplesnapwrap({}, io)));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SimplesnapWrapper, ContainsItselfWhateverIsAskedOfIt) {
  for (const std::string command : {"", "simplesnapwrap destroy all"}) {
    EXPECT_EQ(after_wrapper(command,
                            [](int code) {
                              if (code != 10) return 1;
                              if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 2;
                              if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2) return 3;
                              const int mounted = ::mount("none", "/tmp", "tmpfs", 0, nullptr);
                              return mounted < 0 && errno == EPERM ? 0 : 4;
                            }),
              0)
        << command;
  }
}

TEST(SimplesnapWrapper, ReadsNoFileOfTheMachine) {
  if (sandbox::landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  const testing::TemporaryDirectory directory;
  const auto can_open = [&](int) {
    return ::open(directory.path().c_str(), O_RDONLY) < 0 ? errno : 0;
  };
  EXPECT_EQ(can_open(0), 0);
  EXPECT_EQ(after_wrapper("", can_open), EACCES);
}

TEST(SimplesnapWrapper, IsWhatItsNameSaysInAnyDirectory) {
  EXPECT_TRUE(program_named("/usr/local/sbin/simplesnapwrap"));
  EXPECT_TRUE(program_named("simplesnap"));
  EXPECT_FALSE(program_named("/simplesnap/snapferry"));
  EXPECT_FALSE(program_named(""));
}

}  // namespace
}  // namespace snapferry::cli
