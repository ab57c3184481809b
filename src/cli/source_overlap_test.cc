#include "cli/source_overlap.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

namespace fs = std::filesystem;

class ChosenSourcesOf : public ::testing::Test {
 protected:
  ChosenSourcesOf() {
    fs::create_directories(home_ + "/alice");
    fs::create_directories(home_ + "2");
    fs::create_symlink("home", root_ + "/link");
  }

  testing::TemporaryDirectory room_;
  const std::string root_ = fs::canonical(room_.path()).string();
  const std::string home_ = root_ + "/home";
};

TEST_F(ChosenSourcesOf, HoldEachPlaceOnce) {
  const auto chosen = choose_sources({home_, home_ + "/", root_ + "/link/", home_ + "2"}, false);
  EXPECT_EQ(chosen.paths, (std::vector<std::string>{home_, home_ + "2"}));
  ASSERT_EQ(chosen.warnings.size(), 2u);
  EXPECT_EQ(chosen.warnings[0], home_ + ": is given twice; it is backed up once");
}

TEST_F(ChosenSourcesOf, SayWhatLiesInAnotherAndKeepIt) {
  for (const bool one_filesystem : {false, true}) {
    const auto chosen = choose_sources({home_ + "/alice", home_}, one_filesystem);
    EXPECT_EQ(chosen.paths.size(), 2u);
    ASSERT_EQ(chosen.warnings.size(), 1u);
    EXPECT_TRUE(chosen.warnings[0].starts_with(home_ + "/alice: lies in " + home_ + ","))
        << chosen.warnings[0];
  }
}

TEST_F(ChosenSourcesOf, OfOtherFilesystemsDoNotOverlapWhereOneIsWanted) {
  EXPECT_EQ(choose_sources({"/", "/proc"}, true).warnings, std::vector<std::string>{});
  EXPECT_EQ(choose_sources({"/", "/proc"}, false).warnings.size(), 1u);
}

TEST_F(ChosenSourcesOf, ThatAreSeparateOrMissingAreAsGiven) {
  const std::vector<std::string> given{home_ + "2", home_, root_ + "/missing", root_ + "/link"};
  const auto chosen = choose_sources(given, false);
  EXPECT_EQ(chosen.paths, given);
}

}  // namespace
}  // namespace snapferry::cli
