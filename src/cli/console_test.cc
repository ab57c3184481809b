#include "cli/console.h"

#include <gtest/gtest.h>

#include "cli/test_program.h"

namespace snapferry::cli {
namespace {

class ClosedOutput : public Output {
 public:
  void write(std::string_view) override { throw BrokenPipe{}; }
};

class ConsoleTest : public ::testing::Test {
 protected:
  Io io(Output& out, bool terminal) {
    return {.out = out,
            .err = err_,
            .out_is_terminal = terminal,
            .err_is_terminal = terminal,
            .clock = clock_,
            .cancellation = cancellation_};
  }
  StringOutput out_, err_;
  StoppedClock clock_;
  Cancellation cancellation_;
};

TEST_F(ConsoleTest, PrintsEitherForPeopleOrForMachines) {
  Io world = io(out_, false);
  Console people(world, false, Console::Verbosity::Normal);
  people.print("text\n");
  people.emit(JsonObject::line("x"));
  EXPECT_EQ(out_.text_, "text\n");
  out_.text_.clear();
  Console machines(world, true, Console::Verbosity::Normal);
  machines.print("text\n");
  machines.emit(JsonObject::line("x"));
  EXPECT_EQ(out_.text_, "{\"schema_version\":1,\"type\":\"x\"}\n");
}

TEST_F(ConsoleTest, IsSilentAboutAllButResultsAndErrorsWhenQuiet) {
  Io world = io(out_, false);
  Console console(world, false, Console::Verbosity::Quiet);
  console.say("news\n");
  console.explain("why");
  EXPECT_EQ(out_.text_ + err_.text_, "");
  console.print("result\n");
  console.warn("trouble");
  EXPECT_EQ(out_.text_, "result\n");
  EXPECT_EQ(err_.text_, "snapferry: trouble\n");
}

TEST_F(ConsoleTest, LetsNoResultCommandTheTerminal) {
  Io world = io(out_, true);
  Console console(world, false, Console::Verbosity::Normal);
  console.print("a\x1b[2J\n\xff\n");
  console.say("\u202eb\n");
  EXPECT_EQ(out_.text_, "a\\x1b[2J\n\\xff\n\\u{202e}b\n");
  out_.text_.clear();
  console.raw("\x1b");
  EXPECT_EQ(out_.text_, "\x1b");
}

TEST_F(ConsoleTest, KeepsMessagesOnOneLineWhateverNamesAreInThem) {
  Io world = io(out_, false);
  Console console(world, false, Console::Verbosity::Normal);
  console.warn("a\nb\x1b[2J");
  EXPECT_EQ(err_.text_, "snapferry: a\\nb\\x1b[2J\n");
}

TEST_F(ConsoleTest, DrawsTheStatusLineAgainBehindOutputAndClearsIt) {
  Io world = io(out_, true);
  Console console(world, false, Console::Verbosity::Normal);
  console.status("50%");
  console.warn("x");
  console.status("");
  EXPECT_EQ(err_.text_, "\r\x1b[K50%\r\x1b[Ksnapferry: x\n50%\r\x1b[K");
}

TEST_F(ConsoleTest, TakesAwayAllOfAStatusLineThatANarrowerTerminalBroke) {
  Io world = io(out_, true);
  unsigned width = 80;
  world.terminal_width = [&] { return width; };
  Console console(world, false, Console::Verbosity::Normal);
  console.status(std::string(70, 'x'));
  width = 30;  // 70 columns are three lines now
  err_.text_.clear();
  console.status("50%");
  EXPECT_EQ(err_.text_, "\x1b[2A\r\x1b[J50%");
}

TEST_F(ConsoleTest, ShowsNoStatusLineWithoutATerminal) {
  Io world = io(out_, false);
  Console console(world, false, Console::Verbosity::Normal);
  console.status("50%");
  EXPECT_EQ(err_.text_, "");
}

TEST_F(ConsoleTest, DropsWhatNobodyReadsUnlessThatIsAllThatThereIsToDo) {
  ClosedOutput closed;
  Io world = io(closed, false);
  Console console(world, false, Console::Verbosity::Normal);
  EXPECT_NO_THROW(console.print("x"));
  console.end_with_reader();
  EXPECT_THROW(console.print("x"), BrokenPipe);
}

TEST_F(ConsoleTest, NamesAProblemWithItsVolumeOnce) {
  Io world = io(out_, false);
  Console console(world, false, Console::Verbosity::Normal);
  ProblemPrinter problems(console, "box:/src");
  problems.problem("a/b", "cannot open: Permission denied");
  problems.problem("a/b", "a/b: cannot open: Permission denied");
  const std::string line = "snapferry: box:/src: a/b: cannot open: Permission denied\n";
  EXPECT_EQ(err_.text_, line + line);
}

}  // namespace
}  // namespace snapferry::cli
