// What prune says of what it does, and by which clock it judges: the whole program in process.
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

class PruneCommand : public ::testing::Test {
 protected:
  PruneCommand() {
    program_.environment = {{"SNAPFERRY_CACHE", room_ / "cache"},
                            {"SNAPFERRY_STORE", "repo:" + (room_ / "store")}};
    program_.store_clock = &store_clock_;
    std::filesystem::create_directory(source_);
    ok({"init", "--encryption", "none"});
  }

  Outcome ok(const std::vector<std::string>& args) {
    Outcome outcome = program_.run(args);
    EXPECT_EQ(outcome.code, 0) << args[0] << ": " << outcome.err << outcome.out;
    return outcome;
  }
  void back_up(int times) {
    for (int i = 0; i < times; ++i) {
      program_.clock.advance(Duration{60});
      store_clock_.advance(Duration{60});
      std::ofstream(source_ + "/file") << ++content_;
      ok({"backup", source_, "-q"});
    }
  }

  testing::TemporaryDirectory room_;
  const std::string source_ = room_ / "source";
  StoppedClock store_clock_;
  TestProgram program_;
  int content_ = 0;
};

TEST_F(PruneCommand, JudgesByTheClockOfTheStoreInADryRunToo) {
  back_up(3);
  program_.clock.advance(Duration{400 * 86400});
  const Outcome foreseen = ok({"prune", "--keep-within", "30d", "--dry-run"});
  EXPECT_TRUE(contains(foreseen.out, "would remove 0 snapshots, 3 kept")) << foreseen.out;
  EXPECT_TRUE(contains(foreseen.err, "the clock of this machine says")) << foreseen.err;
  const Outcome done = ok({"prune", "--keep-within", "30d"});
  EXPECT_TRUE(contains(done.out, "removed 0 snapshots, 3 kept")) << done.out;
  EXPECT_TRUE(std::filesystem::is_empty(room_ / "store/claims"));
}

TEST_F(PruneCommand, SaysThatPuttingSmallPacksTogetherFreesNothing) {
  back_up(17);
  const std::string foreseen = ok({"prune", "--dry-run"}).out;
  EXPECT_TRUE(contains(foreseen, "would repack ")) << foreseen;
  EXPECT_TRUE(contains(foreseen, " packs; that frees nothing\n")) << foreseen;
  const std::string done = ok({"prune"}).out;
  EXPECT_TRUE(contains(done, "repacked ")) << done;
  EXPECT_TRUE(contains(done, " packs; that frees nothing\n")) << done;
  EXPECT_TRUE(contains(ok({"prune"}).out, "nothing to free")) << "put together already";
}

}  // namespace
}  // namespace snapferry::cli
