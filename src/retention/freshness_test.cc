#include "retention/freshness.h"

#include <gtest/gtest.h>

namespace snapferry::retention {
namespace {

constexpr std::int64_t kNow = 1'772'366'400;
constexpr Duration kDay{86'400};

Freshness judge(const std::vector<std::int64_t>& ages, FreshnessLimits limits = {kDay, {}}) {
  std::vector<Timestamp> times;
  for (const std::int64_t age : ages) times.push_back({kNow - age, 0});
  return judge_freshness(times, limits, {kNow, 0});
}

TEST(Freshness, IsThatOfTheNewest) {
  EXPECT_EQ(judge({90'000, 100, 5'000}).age_seconds, 100);
  EXPECT_EQ(judge({90'000, 100}).state, FreshnessState::Fresh);
  EXPECT_EQ(judge({86'400}).state, FreshnessState::Fresh);
  EXPECT_EQ(judge({86'401}).state, FreshnessState::Stale);
}

TEST(Freshness, OfAVolumeWithoutABackupIsStale) {
  EXPECT_EQ(judge({}).state, FreshnessState::Stale);
  EXPECT_FALSE(judge({}).age_seconds);
}

TEST(Freshness, NeverComesFromTheFuture) {
  const Freshness alone = judge({-9 * 365 * 86'400});
  EXPECT_EQ(alone.state, FreshnessState::Stale);
  EXPECT_FALSE(alone.age_seconds);
  EXPECT_EQ(alone.future, (Timestamp{kNow + 9 * 365 * 86'400, 0}));
  const Freshness with_past = judge({30 * 86'400, -3'600});
  EXPECT_EQ(with_past.state, FreshnessState::Stale);
  EXPECT_EQ(with_past.age_seconds, 30 * 86'400);
  EXPECT_TRUE(with_past.future);
  EXPECT_EQ(judge({100, -3'600}).state, FreshnessState::Fresh);
}

TEST(Freshness, ForgivesClocksThatDifferByLessThanAMinute) {
  EXPECT_EQ(judge({-60}).age_seconds, 0);
  EXPECT_FALSE(judge({-60}).future);
  EXPECT_TRUE(judge({-61}).future);
}

TEST(Freshness, IsCriticalWhereThatIsAskedFor) {
  const FreshnessLimits limits{kDay, Duration{3 * 86'400}};
  EXPECT_EQ(judge({2 * 86'400}, limits).state, FreshnessState::Stale);
  EXPECT_EQ(judge({3 * 86'400 + 1}, limits).state, FreshnessState::Critical);
  EXPECT_EQ(judge({}, limits).state, FreshnessState::Critical);
  EXPECT_EQ(judge({-90'000}, limits).state, FreshnessState::Critical);
}

TEST(Freshness, SurvivesTheEndsOfTime) {
  const FreshnessLimits limits{kDay, {}};
  EXPECT_EQ(judge_freshness({{INT64_MIN, 0}}, limits, {kNow, 0}).age_seconds, INT64_MAX);
  EXPECT_TRUE(judge_freshness({{INT64_MAX, 0}}, limits, {INT64_MIN, 0}).future);
}

}  // namespace
}  // namespace snapferry::retention
