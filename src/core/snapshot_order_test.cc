#include "core/snapshot_order.h"

#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace snapferry {
namespace {

Snapshot snapshot(std::uint64_t sequence, std::int64_t claimed, std::int64_t seen,
                  std::string set = "default") {
  Snapshot made;
  made.volume = {"host", "/data"};
  made.set = std::move(set);
  made.sequence = sequence;
  made.time = {claimed, 0};
  made.seen = {seen, 0};
  return made;
}

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kNow = 1000 * kDay;

std::vector<std::int64_t> times_of(const std::vector<Snapshot>& oldest_first,
                                   std::int64_t now = kNow) {
  std::vector<std::int64_t> seconds;
  for (const EffectiveTime& taken : effective_times(oldest_first, {now, 0}))
    seconds.push_back(taken.time.seconds);
  return seconds;
}

// The places of those whose times nobody vouches for.
std::vector<std::size_t> unknown_in(const std::vector<Snapshot>& oldest_first) {
  const auto times = effective_times(oldest_first, {kNow, 0});
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!times[i].is_known) places.push_back(i);
  }
  return places;
}

using Seconds = std::vector<std::int64_t>;

TEST(SnapshotOrder, FollowsTheStoreAndNotTheClocksOfHosts) {
  EXPECT_TRUE(is_older(snapshot(1, 9000, 0), snapshot(2, 100, 0)));
  EXPECT_FALSE(is_older(snapshot(2, 100, 0), snapshot(1, 9000, 0)));
}

TEST(SnapshotOrder, PutsSnapshotsOfAnOlderFormatFirstByTheirTimes) {
  EXPECT_TRUE(is_older(snapshot(0, 9000, 0), snapshot(1, 100, 0)));
  EXPECT_TRUE(is_older(snapshot(0, 100, 0), snapshot(0, 200, 0)));
}

TEST(SnapshotOrder, TellsSnapshotsOfOneMomentApartByTheirIds) {
  Snapshot one = snapshot(1, 100, 0);
  Snapshot two = one;
  two.id.bytes[31] = 1;
  EXPECT_TRUE(is_older(one, two));
  EXPECT_FALSE(is_older(two, one));
  EXPECT_FALSE(is_older(one, one));
}

TEST(EffectiveTimes, AreThoseOfTheStorage) {
  EXPECT_EQ(times_of({snapshot(1, 9000, 100), snapshot(2, 50, 200)}), (Seconds{100, 200}));
}

TEST(EffectiveTimes, AreTheClaimedOnesWhereTheStorageHasNoClock) {
  EXPECT_EQ(times_of({snapshot(1, 100, 0), snapshot(2, 200, 0)}), (Seconds{100, 200}));
}

TEST(EffectiveTimes, AreNeverLaterThanThoseOfLaterSnapshots) {
  EXPECT_EQ(times_of({snapshot(1, 90000, 0), snapshot(2, 80000, 0), snapshot(3, 300, 0)}),
            (Seconds{300, 300, 300}));
}

// A day each; `wrong(i)` changes what was said of the i-th.
std::vector<Snapshot> ten_days(const std::function<void(int i, Snapshot& snapshot)>& wrong) {
  std::vector<Snapshot> all;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t time = kNow - (10 - i) * kDay;
    all.push_back(snapshot(static_cast<std::uint64_t>(i) + 1, time, time));
    wrong(i, all.back());
  }
  return all;
}

Seconds right_days() {
  return times_of(ten_days([](int, Snapshot&) {}));
}

TEST(EffectiveTimes, SurviveAStorageWhoseClockFellBackOnce) {
  for (const int fallen : {1, 5, 9}) {
    const auto all = ten_days([&](int i, Snapshot& one) {
      if (i == fallen) one.seen = {60, 0};
    });
    EXPECT_EQ(times_of(all), right_days()) << fallen;
  }
}

TEST(EffectiveTimes, SurviveAStorageWhoseClockWasAheadForLong) {
  const auto all = ten_days([](int i, Snapshot& one) {
    if (i < 9) one.seen.seconds += 400 * kDay;
  });
  EXPECT_EQ(times_of(all), right_days());
}

TEST(EffectiveTimes, SurviveAHostWhoseClockWasAlwaysWrong) {
  for (const std::int64_t off : {-400 * kDay, 400 * kDay}) {
    const auto all = ten_days([&](int, Snapshot& one) { one.time.seconds += off; });
    EXPECT_EQ(times_of(all), right_days());
  }
}

TEST(EffectiveTimes, OfWhatNobodyVouchesForCostTheOthersNothing) {
  const auto all = ten_days([](int i, Snapshot& one) {
    if (i == 4) one.seen = one.time = {60, 0};
    if (i == 6) one.seen = one.time = {kNow + 400 * kDay, 0};
  });
  auto expected = right_days();
  expected[4] = expected[5];
  expected[6] = expected[7];
  EXPECT_EQ(times_of(all), expected);
}

TEST(EffectiveTimes, AfterNowAreRefutedByANewestThatIsNot) {
  const auto all = ten_days([](int i, Snapshot& one) {
    if (i < 9) one.seen.seconds = one.time.seconds += 400 * kDay;
  });
  EXPECT_EQ(times_of(all), Seconds(10, kNow - kDay));
}

TEST(EffectiveTimes, AfterNowAreAllTakenAsTheyAreWhereItIsNotKnownWhoIsWrong) {
  EXPECT_EQ(times_of(ten_days([](int, Snapshot&) {}), kNow - 5 * kDay), right_days());
}

TEST(EffectiveTimes, OfTheNewestThatNobodyVouchesForIsThatBeforeIt) {
  const auto all = ten_days([](int i, Snapshot& one) {
    if (i == 9) one.seen = one.time = {60, 0};
  });
  EXPECT_EQ(times_of(all)[9], right_days()[8]);
}

TEST(EffectiveTimes, AreNotKnownWhereNobodyVouchesForThem) {
  using Places = std::vector<std::size_t>;
  const auto set_to = [](int place, std::int64_t seconds) {
    return ten_days([=](int i, Snapshot& one) {
      if (i == place) one.seen = one.time = {seconds, 0};
    });
  };
  EXPECT_EQ(unknown_in(set_to(-1, 0)), Places{});
  EXPECT_EQ(unknown_in(set_to(4, 60)), Places{4});
  EXPECT_EQ(unknown_in(set_to(9, 60)), Places{9});
  EXPECT_EQ(unknown_in(set_to(6, kNow + 400 * kDay)), Places{6});
}

TEST(EffectiveTimes, AreKnownWhereClocksDifferByLittle) {
  const auto all = ten_days([](int i, Snapshot& one) {
    if (i == 4) one.seen = one.time = {one.time.seconds - kDay - 60, 0};
  });
  EXPECT_EQ(unknown_in(all), std::vector<std::size_t>{});
}

TEST(EffectiveTimes, AreUnknownWhereNobodySaysAnything) {
  EXPECT_EQ(times_of({snapshot(1, 0, 0), snapshot(2, 0, 0)}), (Seconds{0, 0}));
  EXPECT_EQ(unknown_in({snapshot(1, 0, 0), snapshot(2, 0, 0)}), (std::vector<std::size_t>{0, 1}));
}

TEST(EffectiveTimes, OfWhatNobodyClaimsAnythingOfAreThoseOfTheStorageOrOfTheNextOne) {
  const std::vector<Snapshot> all = {snapshot(1, 100 * kDay, 0), snapshot(2, 0, 0),
                                     snapshot(3, 0, 300 * kDay)};
  EXPECT_EQ(times_of(all), (Seconds{100 * kDay, 300 * kDay, 300 * kDay}));
  EXPECT_EQ(unknown_in(all), std::vector<std::size_t>{1});
}

TEST(EffectiveTimes, NeverGoBackAndTakeNoTimeAtAllForThousands) {
  std::mt19937_64 random(20260301);
  for (const std::size_t count : {1, 2, 3, 10, 20'000}) {
    std::vector<Snapshot> all;
    for (std::size_t i = 0; i < count; ++i) {
      const auto any = [&] { return static_cast<std::int64_t>(random() % (2 * kNow)); };
      all.push_back(snapshot(i, any(), i % 3 == 0 ? 0 : any()));
    }
    const auto times = times_of(all);
    EXPECT_TRUE(std::ranges::is_sorted(times));
  }
}

TEST(EffectiveTimes, OfOneSetSayNothingAboutAnother) {
  EXPECT_EQ(times_of({snapshot(1, 500, 0), snapshot(2, 100, 0, "other")}), (Seconds{500, 100}));
}

}  // namespace
}  // namespace snapferry
