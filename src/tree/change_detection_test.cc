#include "tree/change_detection.h"

#include <gtest/gtest.h>

namespace snapferry::tree {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
constexpr Timestamp kLongAgo{1, 0};

TEST(RacyWindow, HoldsWhatChangedWhileTheBaseWasMadeAndJustBefore) {
  const RacyWindow window = racy_window({1000, 5}, {2000, 0});
  EXPECT_FALSE(window.contains({998, 4}, kLongAgo));
  EXPECT_TRUE(window.contains({998, 5}, kLongAgo));
  EXPECT_TRUE(window.contains({1500, 0}, kLongAgo));
  EXPECT_TRUE(window.contains({2000, 0}, kLongAgo));
}

TEST(RacyWindow, HoldsADayMoreForServersWithOtherClocks) {
  const RacyWindow window = racy_window({1000, 0}, {2000, 0});
  EXPECT_TRUE(window.contains({2000 + kDay - 1, 0}, kLongAgo));
  EXPECT_FALSE(window.contains({2000 + kDay, 0}, kLongAgo));
}

TEST(RacyWindow, HoldsTheMtimesOfTheTimeButNotThoseOfTheFuture) {
  const RacyWindow window = racy_window({1000, 0}, {2000, 0});
  EXPECT_TRUE(window.contains(kLongAgo, {998, 0}));
  EXPECT_TRUE(window.contains(kLongAgo, {2001, 0}));
  EXPECT_FALSE(window.contains(kLongAgo, {2002, 0}));
  EXPECT_FALSE(window.contains(kLongAgo, {997, 0}));
}

TEST(RacyWindow, IsNotEmptyWhereTheClockWasSetBackOrTheEndIsNotKnown) {
  EXPECT_TRUE(racy_window({1000, 0}, {500, 0}).contains({1000, 0}, kLongAgo));
  EXPECT_TRUE(racy_window({1000, 0}, {}).contains({1001, 0}, kLongAgo));
}

}  // namespace
}  // namespace snapferry::tree
