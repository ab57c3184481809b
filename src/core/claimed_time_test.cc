#include "core/claimed_time.h"

#include <limits>

#include <gtest/gtest.h>

namespace snapferry {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kNow = 1000 * kDay;

using Seconds = std::vector<std::int64_t>;

struct Came {
  std::int64_t claimed;
  std::int64_t seen;
};

Seconds contradicted(const std::vector<Came>& chain) {
  std::vector<ClaimedTime> claims;
  for (const Came& came : chain) claims.push_back({{came.claimed, 0}, {came.seen, 0}});
  Seconds seconds;
  for (const Timestamp seen : contradicted_claims(claims, {kNow, 0})) {
    seconds.push_back(seen.seconds);
  }
  return seconds;
}

TEST(ContradictedClaims, AreNoneWhereRunsBringWhatWasJustTaken) {
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay + 5}, {11 * kDay, 11 * kDay + 5}}),
            (Seconds{0, 0}));
}

TEST(ContradictedClaims, AreNoneWhereTheStoreSawNothing) {
  EXPECT_EQ(contradicted({{10 * kDay, 0}, {5 * kDay, 0}}), (Seconds{0, 0}));
  EXPECT_TRUE(contradicted({}).empty());
}

TEST(ContradictedClaims, AreNoneInWhatASecondTierGetsAfterYears) {
  EXPECT_EQ(
      contradicted({{10 * kDay, 900 * kDay}, {11 * kDay, 900 * kDay}, {12 * kDay, 900 * kDay}}),
      (Seconds{0, 0, 0}));
}

TEST(ContradictedClaims, AreNoneInWhatHadToWaitForTheRun) {
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay + 5},
                          {11 * kDay, 20 * kDay},
                          {15 * kDay, 20 * kDay},
                          {20 * kDay, 20 * kDay}}),
            (Seconds{0, 0, 0, 0}));
}

TEST(ContradictedClaims, AreNoneWhereOneRunTakesDays) {
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay}, {14 * kDay, 11 * kDay}, {16 * kDay, 16 * kDay}}),
            (Seconds{0, 0, 0}));
}

TEST(ContradictedClaims, AreThoseOfAHostThatIsAYearBehindAlsoTheFirst) {
  EXPECT_EQ(
      contradicted({{100 * kDay, 465 * kDay}, {101 * kDay, 466 * kDay}, {102 * kDay, 467 * kDay}}),
      (Seconds{465 * kDay, 466 * kDay, 467 * kDay}));
}

TEST(ContradictedClaims, AreThoseOfAHostThatIsAhead) {
  EXPECT_EQ(contradicted({{800 * kDay, 10 * kDay}, {2000 * kDay, 11 * kDay}}),
            (Seconds{10 * kDay, 11 * kDay}));
}

TEST(ContradictedClaims, AreForgivenAnHour) {
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay}, {10 * kDay - kHour, 10 * kDay + 60}}),
            (Seconds{0, 0}));
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay}, {10 * kDay - kHour - 1, 10 * kDay + 60}}),
            (Seconds{10 * kDay, 10 * kDay + 60}));
}

// Of what came together only the newest is known to be of that time.
TEST(ContradictedClaims, SayNothingOfWhatCameBeforeTheNewestOfARun) {
  EXPECT_EQ(contradicted({{10 * kDay, 10 * kDay}, {0, 11 * kDay}, {0, 11 * kDay}}),
            (Seconds{0, 0, 11 * kDay}));
}

TEST(ContradictedClaims, OverflowNowhere) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(contradicted({{kMost, 5}, {kLeast, kMost}, {kMost, kLeast}}),
            (Seconds{5, kMost, kLeast}));
}

}  // namespace
}  // namespace snapferry
