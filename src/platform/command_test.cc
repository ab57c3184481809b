#include "platform/command.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::platform {
namespace {

TEST(Commands, GiveOutputStatusAndErrorsOfWhatRan) {
  const auto output = system_commands().run({"sh", "-c", "echo out; echo no good >&2; exit 3"});
  EXPECT_EQ(output.text, "out\n");
  EXPECT_EQ(output.exit.status, 3);
  EXPECT_EQ(output.exit.errors, "no good\n");
  EXPECT_EQ(command_error({"sh", "-c"}, output.exit, "try again").message(),
            "sh -c: exit status 3: no good; try again");
}

TEST(Commands, ThatFailedCommandNoTerminal) {
  const ExitReport exit{1, "one\n\x1b[2Jtwo\r\n"};
  EXPECT_EQ(command_error({"ssh"}, exit).message(), "ssh: exit status 1: \\x1b[2Jtwo\\x0d");
}

TEST(Commands, PassMoreThanAPipeHoldsInBothDirections) {
  const std::string input(3u << 20, 'x');
  EXPECT_EQ(system_commands().run({"cat"}, input).text, input);
}

TEST(Commands, PassArgumentsAsTheyAre) {
  EXPECT_EQ(system_commands().run({"printf", "%s", "$(id); `id` 'x'"}).text, "$(id); `id` 'x'");
}

TEST(Commands, NameAProgramThatIsNotThere) {
  EXPECT_ERROR(system_commands().run({"no-such-program-here"}), ErrorKind::NotFound);
}

TEST(Commands, EndWhatPrintsTooMuch) {
  EXPECT_ERROR(system_commands().run({"cat", "/dev/zero"}, {}, 1000), ErrorKind::Corrupt);
}

TEST(Commands, EndWhatWasCancelled) {
  Cancellation cancellation;
  cancellation.request();
  EXPECT_ERROR(system_commands().run({"sleep", "1000"}, {}, 1000, &cancellation),
               ErrorKind::Cancelled);
}

TEST(Child, IsEndedAndReapedWhenItIsDropped) {
  auto child = system_commands().start({"sleep", "1000"}, {.output = true});
  child.reset();
  SUCCEED();
}

TEST(Child, TellsTheSignalThatKilledIt) {
  auto child = system_commands().start({"sh", "-c", "kill -9 $$"}, {});
  EXPECT_EQ(child->wait().status, 137);
}

TEST(Child, TellsTheSameWhenItIsWaitedForAgain) {
  auto child = system_commands().start({"sh", "-c", "echo no good >&2; exit 3"}, {});
  const auto first = child->wait();
  // A child of this process that waitpid(-1) would have taken for it.
  auto other = system_commands().start({"sh", "-c", "exit 4"}, {});
  const auto second = child->wait();
  EXPECT_EQ(second.status, 3);
  EXPECT_EQ(second.errors, first.errors);
  EXPECT_EQ(other->wait().status, 4);
}

TEST(Child, DoesNotBlockOnManyErrors) {
  auto child = system_commands().start(
      {"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' 'e' >&2; echo end >&2"}, {});
  const auto report = child->wait();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.errors.size(), 4096u);
  EXPECT_TRUE(report.errors.ends_with("end\n"));
}

}  // namespace
}  // namespace snapferry::platform
