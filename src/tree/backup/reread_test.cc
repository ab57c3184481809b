#include "tree/backup/reread.h"

#include <gtest/gtest.h>

namespace snapferry::tree {
namespace {

constexpr std::int64_t kPeriod = 90 * 24 * 60 * 60;
constexpr std::int64_t kStart = 1'700'000'000;

RereadRule rule(std::int64_t from, std::int64_t to) {
  return {.period = kPeriod, .from = {from, 0}, .to = {to, 0}};
}

TEST(RereadRule, EveryFileIsDueOnceInAPeriodHoweverOftenBackupsCome) {
  for (const std::int64_t step : {300, 86'400, 7'000'003}) {
    for (std::uint64_t inode = 1; inode <= 20; ++inode) {
      int due = 0;
      std::int64_t time = kStart;
      for (; time < kStart + kPeriod; time += step) due += rule(time, time + step).is_due(inode);
      EXPECT_GE(due, 1) << inode << " every " << step;
      EXPECT_LE(due, 2) << inode << " every " << step;
    }
  }
}

TEST(RereadRule, ABackupSoonAfterTheLastReadsFewFiles) {
  std::uint64_t due = 0;
  constexpr std::uint64_t kFiles = 500'000;
  for (std::uint64_t inode = 0; inode < kFiles; ++inode) {
    due += rule(kStart, kStart + 300).is_due(inode) ? 1 : 0;
  }
  // 500,000 * 5 minutes / 90 days = 19.
  EXPECT_GT(due, 4u);
  EXPECT_LT(due, 50u);
}

TEST(RereadRule, AfterAPeriodWithoutBackupsEverythingIsDue) {
  for (std::uint64_t inode = 0; inode < 1000; ++inode) {
    EXPECT_TRUE(rule(kStart, kStart + kPeriod).is_due(inode));
  }
}

TEST(RereadRule, NothingIsDueWhereTheClockWentBackOrNoPeriodIsGiven) {
  for (std::uint64_t inode = 0; inode < 1000; ++inode) {
    EXPECT_FALSE(rule(kStart, kStart - kPeriod).is_due(inode));
    EXPECT_FALSE((RereadRule{.from = {0, 0}, .to = {kStart, 0}}.is_due(inode)));
  }
  EXPECT_TRUE((RereadRule{.all = true}.is_due(1)));
}

TEST(RereadRule, MomentsBeforeTheEpochCountAsOthers) {
  int due = 0;
  for (std::int64_t time = -2 * kPeriod; time < 0; time += 86'400) {
    due += rule(time, time + 86'400).is_due(7);
  }
  EXPECT_EQ(due, 2);
}

}  // namespace
}  // namespace snapferry::tree
