// Two machines of one host name, in process and on real directories.

#include "cli/machine_warning.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class SharedHostName : public ::testing::Test {
 protected:
  SharedHostName() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + (room_ / "store")}};
    std::filesystem::create_directory(source_);
    std::ofstream(source_ + "/a") << "a";
    program_.run({"init", "--encryption", "none"});
  }

  static ObjectId machine(std::uint8_t number) {
    ObjectId id;
    id.bytes[0] = number;
    return id;
  }

  // What the backup says on standard error; "" of a machine that nothing is known of.
  std::string back_up(std::uint8_t number, std::vector<std::string> more = {}) {
    program_.machine = machine(number);
    program_.clock.advance(Duration{60});
    std::vector<std::string> args{"backup", source_};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = program_.run(args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.err;
  }
  Outcome check() { return program_.run({"check", "--max-age", "1d", "--json"}); }

  testing::TemporaryDirectory room_;
  std::string source_ = room_ / "source";
  TestProgram program_;
};

TEST_F(SharedHostName, IsNotSuspectedOfOneMachine) {
  for (const std::uint8_t number : {1, 1, 0, 1}) EXPECT_EQ(back_up(number), "");
  EXPECT_EQ(check().err, "");
}

TEST_F(SharedHostName, IsToldToAMachineThatTakesThePlaceOfAnotherAndThenNoMore) {
  back_up(1);
  const std::string warning = back_up(2);
  EXPECT_TRUE(contains(warning, "was taken by another machine called box")) << warning;
  EXPECT_TRUE(contains(warning, "--host")) << warning;
  EXPECT_EQ(back_up(2), "");
  EXPECT_EQ(check().err, "");
}

TEST_F(SharedHostName, IsToldByBackupAndCheckWhereMachinesTakeTurns) {
  back_up(1);
  back_up(2);
  const std::string warning = back_up(1);
  EXPECT_TRUE(contains(warning, "several machines called box take turns")) << warning;
  const Outcome checked = check();
  EXPECT_EQ(checked.code, 0);
  EXPECT_TRUE(contains(checked.err, "take turns in set 'default'")) << checked.err;
  EXPECT_TRUE(contains(checked.out, "\"shared_host_name\":true")) << checked.out;
}

TEST_F(SharedHostName, IsMendedByAHostNameOrASetOfItsOwn) {
  back_up(1);
  EXPECT_EQ(back_up(2, {"--host", "other"}), "");
  EXPECT_EQ(back_up(2, {"--set", "other"}), "");
  EXPECT_EQ(back_up(1), "");
  EXPECT_EQ(check().err, "");
}

}  // namespace
}  // namespace snapferry::cli
