#include "tree/change_detection.h"

#include <gtest/gtest.h>

namespace snapferry::tree {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;

TEST(RacyWindow, HoldsWhatChangedWhileTheBaseWasMadeAndJustBefore) {
  const RacyWindow window = racy_window({1000, 5}, {2000, 0});
  EXPECT_FALSE(window.contains({998, 4}));
  EXPECT_TRUE(window.contains({998, 5}));
  EXPECT_TRUE(window.contains({1500, 0}));
  EXPECT_TRUE(window.contains({2000, 0}));
}

TEST(RacyWindow, HoldsADayMoreForServersWithOtherClocks) {
  const RacyWindow window = racy_window({1000, 0}, {2000, 0});
  EXPECT_TRUE(window.contains({2000 + kDay - 1, 0}));
  EXPECT_FALSE(window.contains({2000 + kDay, 0}));
}

TEST(RacyWindow, IsNotEmptyWhereTheClockWasSetBackOrTheEndIsNotKnown) {
  EXPECT_TRUE(racy_window({1000, 0}, {500, 0}).contains({1000, 0}));
  EXPECT_TRUE(racy_window({1000, 0}, {}).contains({1001, 0}));
}

}  // namespace
}  // namespace snapferry::tree
