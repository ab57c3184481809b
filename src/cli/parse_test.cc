#include "cli/parse.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

Invocation parsed(const std::vector<std::string>& args) { return parse_command_line(args); }

std::string refusal(const std::vector<std::string>& args) {
  try {
    parse_command_line(args);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
    return error.message();
  }
  return "accepted";
}

TEST(CommandLine, TakesOptionsAnywhere) {
  const auto line = parsed({"--store", "repo:/s", "backup", "/a", "--set=usb", "/b", "-q"});
  EXPECT_EQ(line.command->name, "backup");
  EXPECT_EQ(line.arguments, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(line.text("--store"), "repo:/s");
  EXPECT_EQ(line.text("--set"), "usb");
  EXPECT_TRUE(line.has("--quiet"));
  EXPECT_FALSE(line.has("--json"));
}

TEST(CommandLine, GivesDefaultsWithoutClaimingThatTheyWereGiven) {
  const auto line = parsed({"restore", "latest", "--target", "/t"});
  EXPECT_EQ(line.text("--overwrite"), "changed");
  EXPECT_FALSE(line.has("--overwrite"));
}

TEST(CommandLine, CollectsRepeatedOptionsInOrder) {
  const auto line = parsed({"backup", "/a", "--exclude", "x", "--exclude=y"});
  EXPECT_EQ(line.all("--exclude"), (std::vector<std::string>{"x", "y"}));
}

TEST(CommandLine, KeepsWordsByteForByte) {
  const auto line = parsed({"backup", "[a,b]", "--exclude", "[ab]", "\xff", "--", "-x", "--"});
  EXPECT_EQ(line.arguments, (std::vector<std::string>{"[a,b]", "\xff", "-x", "--"}));
  EXPECT_EQ(line.text("--exclude"), "[ab]");
}

TEST(CommandLine, JoinsLetters) {
  const auto line = parsed({"ls", "latest", "-Rv"});
  EXPECT_TRUE(line.has("--recursive"));
  EXPECT_TRUE(line.has("--verbose"));
}

TEST(CommandLine, TakesAnOptionalValueOnlyWithItsEqualsSign) {
  EXPECT_EQ(parsed({"verify", "--read-data=5"}).text("--read-data"), "5");
  EXPECT_EQ(parsed({"verify", "--read-data"}).given("--read-data"), "");
  EXPECT_FALSE(parsed({"verify"}).given("--read-data"));
}

TEST(CommandLine, FindsCommandsOfGroups) {
  EXPECT_EQ(parsed({"key", "--json", "add"}).command->name, "key add");
  EXPECT_EQ(parsed({"key", "--help"}).group, "key");
}

TEST(CommandLine, SuggestsWhatWasMeant) {
  EXPECT_EQ(refusal({"bakcup"}), "unknown command 'bakcup'; did you mean 'backup'?");
  EXPECT_EQ(refusal({"key", "ad"}), "key: unknown command 'ad'; did you mean 'add'?");
  EXPECT_EQ(refusal({"backup", "/a", "--exlude", "x"}),
            "backup: unknown option '--exlude'; did you mean '--exclude'?");
  EXPECT_EQ(refusal({"init", "--encryption", "pasword"}),
            "--encryption: 'pasword' is not known; did you mean 'password'?");
  EXPECT_EQ(refusal({"frobnicate"}), "unknown command 'frobnicate'; see 'snapferry help'");
}

TEST(CommandLine, NamesWhatIsMissingOrTooMuch) {
  EXPECT_EQ(refusal({"ls"}),
            "ls: SNAPSHOT is missing; usage: snapferry ls SNAPSHOT [PATH] --store STORE [OPTIONS]");
  EXPECT_EQ(refusal({"version", "now"}),
            "version: unexpected argument 'now'; usage: snapferry version [OPTIONS]");
  EXPECT_EQ(refusal({"backup", "/a", "--set"}),
            "--set: its value NAME is missing; see 'snapferry help backup'");
  EXPECT_EQ(refusal({"list", "--json=yes"}), "--json: takes no value; see 'snapferry help list'");
  EXPECT_EQ(refusal({"backup", "/a", "--set=a", "--set=b"}), "--set: given twice; give it once");
  EXPECT_EQ(refusal({"key"}), "key: which command?; give one of list, add, remove, recovery");
}

TEST(CommandLine, RequiresNothingWithHelp) {
  EXPECT_EQ(parsed({"ls", "--help"}).command->name, "ls");
  EXPECT_EQ(parsed({"-h"}).command, nullptr);
}

TEST(CommandLine, ReadsWholeNumbersOnly) {
  Invocation line;
  line.add("--keep-last", "12");
  EXPECT_EQ(line.number("--keep-last"), 12u);
  EXPECT_FALSE(line.number("--keep-daily"));
  for (const std::string bad : {"", "-1", "1.5", "7x", "99999999999999999999999"}) {
    Invocation other;
    other.add("--keep-last", bad);
    EXPECT_THROW(other.number("--keep-last"), Error) << bad;
  }
}

}  // namespace
}  // namespace snapferry::cli
