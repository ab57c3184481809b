#include "core/snapshot_order.h"

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

std::vector<std::int64_t> times_of(const std::vector<Snapshot>& oldest_first) {
  std::vector<std::int64_t> seconds;
  for (const Timestamp& time : effective_times(oldest_first)) seconds.push_back(time.seconds);
  return seconds;
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
  EXPECT_EQ(times_of({snapshot(1, 9000, 0), snapshot(2, 8000, 0), snapshot(3, 300, 0)}),
            (Seconds{300, 300, 300}));
}

TEST(EffectiveTimes, OfOneSetSayNothingAboutAnother) {
  EXPECT_EQ(times_of({snapshot(1, 500, 0), snapshot(2, 100, 0, "other")}), (Seconds{500, 100}));
}

}  // namespace
}  // namespace snapferry
