#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/replication_place.h"

// What every Source must do. Include it once per test program, and say which:
//
//   INSTANTIATE_TEST_SUITE_P(All, SourceContract, ::testing::Values(kind…), place_kind_name);

namespace snapferry::testing {

class SourceContract : public ReplicationContract {
 protected:
  std::vector<std::string> points_of(const std::string& name) {
    std::vector<std::string> names;
    for (const Point& point : state(name).points) {
      names.push_back((point.kind == PointKind::Bookmark ? "#" : "@") + point.name);
    }
    return names;
  }

  Settlement settlement(const std::string& name) {
    Settlement result;
    result.volume = place_->volume(name);
    result.cursor = "snapferry_contract_01234567";
    return result;
  }

  void settle(const Settlement& settlement) {
    for (const VolumeFailure& failure : source_->settle({settlement})) {
      ADD_FAILURE() << failure.volume << ": " << failure.message;
    }
  }
};

using PointNames = std::vector<std::string>;

TEST_P(SourceContract, ListsVolumesAscendingByNameEachWithAnIdentity) {
  for (const char* name : {"b", "a", "c"}) place_->make(name);
  const auto states = source_->inventory({place_->pattern()});
  std::vector<std::string> names;
  std::set<Guid> guids;
  for (const VolumeState& volume : states) {
    names.push_back(volume.name);
    guids.insert(volume.guid);
    EXPECT_FALSE(volume.guid.is_zero());
    EXPECT_FALSE(volume.excluded);
    EXPECT_TRUE(volume.key_loaded);
  }
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(guids.size(), names.size());
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), place_->volume(name)), 1) << name;
  }
}

TEST_P(SourceContract, ListsWhatThePatternCoversAndNothingElse) {
  place_->make("a");
  place_->make("ab");
  const auto states = source_->inventory({place_->volume("a")});
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].name, place_->volume("a"));
}

TEST_P(SourceContract, ListsAVolumeOnceThatTwoPatternsCover) {
  place_->make("a");
  const auto states = source_->inventory({place_->volume("a"), place_->pattern()});
  EXPECT_EQ(std::count_if(states.begin(), states.end(),
                          [&](const VolumeState& one) { return one.name == place_->volume("a"); }),
            1);
}

TEST_P(SourceContract, AVolumeThatIsNotThereIsNotFound) {
  place_->make("a");
  EXPECT_ERROR(source_->inventory({place_->volume("nowhere")}), ErrorKind::NotFound);
}

TEST_P(SourceContract, ListsAnExcludedVolumeAsExcluded) {
  place_->make("a");
  if (!place_->exclude("a")) GTEST_SKIP() << "no such property here";
  EXPECT_TRUE(state("a").excluded);
}

TEST_P(SourceContract, FreezeTakesASnapshotOfEachVolume) {
  place_->make("a");
  place_->make("b");
  const Freeze result = source_->freeze({place_->volume("a"), place_->volume("b")}, own(1));
  EXPECT_TRUE(result.failed.empty());
  ASSERT_EQ(result.frozen.size(), 2u);
  for (const Freeze::Frozen& frozen : result.frozen) {
    EXPECT_EQ(frozen.snapshot.name, own(1));
    EXPECT_EQ(frozen.snapshot.kind, PointKind::Snapshot);
    EXPECT_FALSE(frozen.snapshot.guid.is_zero());
    const auto states = source_->inventory({frozen.volume});
    ASSERT_EQ(states.size(), 1u);
    ASSERT_EQ(states[0].points.size(), 1u);
    EXPECT_EQ(states[0].points[0].name, own(1));
    EXPECT_EQ(states[0].points[0].guid, frozen.snapshot.guid);
    EXPECT_EQ(states[0].points[0].order, frozen.snapshot.order);
  }
  EXPECT_NE(result.frozen[0].snapshot.guid, result.frozen[1].snapshot.guid);
}

TEST_P(SourceContract, FreezeRefusesANameThatIsThereAndTakesNone) {
  place_->make("a");
  place_->make("b");
  const Point first = freeze("b", 1);
  EXPECT_ERROR(source_->freeze({place_->volume("a"), place_->volume("b")}, own(1)),
               ErrorKind::AlreadyExists);
  EXPECT_TRUE(state("a").points.empty());
  EXPECT_EQ(point("b", own(1)).guid, first.guid);
}

TEST_P(SourceContract, FreezeTakesTheOthersWhenOneIsGone) {
  place_->make("a");
  const Freeze result = source_->freeze({place_->volume("a"), place_->volume("gone")}, own(1));
  ASSERT_EQ(result.frozen.size(), 1u);
  EXPECT_EQ(result.frozen[0].volume, place_->volume("a"));
  ASSERT_EQ(result.failed.size(), 1u);
  EXPECT_EQ(result.failed[0].volume, place_->volume("gone"));
  EXPECT_FALSE(result.failed[0].message.empty());
}

TEST_P(SourceContract, PointsAscendInTheOrderTheyWereTaken) {
  place_->make("a");
  place_->write("a", "file", "1");
  place_->snapshot("a", "zebra");
  place_->write("a", "file", "2");
  freeze("a", 1);
  place_->write("a", "file", "3");
  place_->snapshot("a", "ant");
  EXPECT_EQ(points_of("a"), (PointNames{"@zebra", "@" + own(1), "@ant"}));
  const auto points = state("a").points;
  EXPECT_LT(points[0].order, points[1].order);
  EXPECT_LT(points[1].order, points[2].order);
}

TEST_P(SourceContract, WrittenIsZeroUntilSomethingIsWritten) {
  place_->make("a");
  place_->write("a", "file", "1");
  freeze("a", 1);
  if (!state("a").written) GTEST_SKIP() << "it cannot tell";
  EXPECT_EQ(state("a").written, 0u);
  place_->write("a", "file", std::string(100'000, 'x'));
  EXPECT_NE(state("a").written, 0u);  // a number, or "it cannot tell"
  freeze("a", 2);
  EXPECT_EQ(state("a").written, 0u);
}

TEST_P(SourceContract, AnIdentityOutlivesARename) {
  place_->make("a");
  const Point before = freeze("a", 1);
  const Guid volume = state("a").guid;
  place_->rename("a", "b");
  EXPECT_EQ(point("b", own(1)).guid, before.guid);
  EXPECT_EQ(state("b").guid, volume);
}

TEST_P(SourceContract, WhatWasMadeAnewHasAnotherIdentity) {
  place_->make("a");
  const Point first = freeze("a", 1);
  const Guid volume = state("a").guid;
  place_->destroy("a");
  place_->make("a");
  const Point second = freeze("a", 1);
  EXPECT_NE(first.guid, second.guid);
  EXPECT_NE(volume, state("a").guid);
}

TEST_P(SourceContract, AStreamIsReadToItsEndAndFinishes) {
  place_->make("a");
  place_->write("a", "file", std::string(200'000, 'x'));
  const auto stream = source_->send(request("a", freeze("a", 1)));
  std::vector<std::uint8_t> buffer(4096);
  std::uint64_t total = 0;
  while (const std::size_t size = stream->read(buffer)) total += size;
  stream->finish();
  EXPECT_GT(total, 100u);
}

TEST_P(SourceContract, AnAbandonedStreamLeavesNothingBehind) {
  place_->make("a");
  place_->write("a", "file", std::string(2'000'000, 'x'));
  const Point first = freeze("a", 1);
  {
    const auto stream = source_->send(request("a", first));
    std::vector<std::uint8_t> buffer(10);
    EXPECT_GT(stream->read(buffer), 0u);
  }
  Settlement gone = settlement("a");
  gone.destroy = {first};
  settle(gone);
  EXPECT_TRUE(state("a").points.empty());
}

TEST_P(SourceContract, SendingWhatIsNotThereFails) {
  place_->make("a");
  Point missing = freeze("a", 1);
  missing.name = own(2);
  missing.guid.bytes[0] ^= 1;
  const auto send = [&] {
    const auto stream = source_->send(request("a", missing));
    std::vector<std::uint8_t> buffer(4096);
    while (stream->read(buffer) != 0) continue;
    stream->finish();
  };
  EXPECT_THROW(send(), Error);
}

TEST_P(SourceContract, StreamsMayBeReadAtOnce) {
  place_->make("a");
  place_->make("b");
  place_->write("a", "file", std::string(50'000, 'a'));
  place_->write("b", "file", std::string(50'000, 'b'));
  const auto first = source_->send(request("a", freeze("a", 1)));
  const auto second = source_->send(request("b", freeze("b", 1)));
  std::vector<std::uint8_t> buffer(1000);
  bool more = true;
  while (more) {
    const std::size_t one = first->read(buffer);
    const std::size_t two = second->read(buffer);
    more = one + two > 0;
  }
  first->finish();
  second->finish();
}

TEST_P(SourceContract, SettleDestroysWhileNameAndIdentityMatch) {
  place_->make("a");
  const Point first = freeze("a", 1);
  freeze("a", 2);
  Settlement other_name = settlement("a");
  other_name.destroy = {first};
  other_name.destroy[0].name = own(2);
  source_->settle({other_name});
  Settlement other_guid = settlement("a");
  other_guid.destroy = {first};
  other_guid.destroy[0].guid.bytes[1] ^= 1;
  source_->settle({other_guid});
  EXPECT_EQ(points_of("a"), (PointNames{"@" + own(1), "@" + own(2)}));
  Settlement right = settlement("a");
  right.destroy = {first};
  settle(right);
  EXPECT_EQ(points_of("a"), PointNames{"@" + own(2)});
}

TEST_P(SourceContract, SettlesWhatIsAlreadyGone) {
  place_->make("a");
  const Point first = freeze("a", 1);
  Settlement gone = settlement("a");
  gone.release = {first};
  gone.destroy = {first};
  settle(gone);
  settle(gone);
  EXPECT_TRUE(state("a").points.empty());
}

TEST_P(SourceContract, SettlesSeveralVolumesAndReportsTheOneThatIsGone) {
  place_->make("a");
  place_->make("b");
  Settlement first = settlement("a");
  first.destroy = {freeze("a", 1)};
  Settlement second = settlement("b");
  second.hold = second.bookmark_of = freeze("b", 1);
  second.bookmark = "snapferry_contract_01234567_2026-01-01T00:00:01Z";
  place_->destroy("b");
  const bool holds = source_->features().bookmarks;
  const auto failures = source_->settle({second, first});
  EXPECT_TRUE(state("a").points.empty());
  if (holds) {
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].volume, place_->volume("b"));
  }
}

TEST_P(SourceContract, AHoldIsTakenOnceAndReleased) {
  place_->make("a");
  const Point first = freeze("a", 1);
  if (!source_->features().bookmarks) GTEST_SKIP() << "no holds here";
  Settlement hold = settlement("a");
  hold.hold = first;
  settle(hold);
  settle(hold);
  EXPECT_EQ(point("a", own(1)).holds, 1u);
  Settlement release = settlement("a");
  release.release = {first};
  settle(release);
  EXPECT_EQ(point("a", own(1)).holds, 0u);
}

TEST_P(SourceContract, WhatIsHeldByOthersStays) {
  place_->make("a");
  const Point first = freeze("a", 1);
  if (!place_->hold("a", own(1), "mine")) GTEST_SKIP() << "no holds here";
  Settlement destroy = settlement("a");
  destroy.release = {first};
  destroy.destroy = {first};
  source_->settle({destroy});
  EXPECT_EQ(points_of("a"), PointNames{"@" + own(1)});
  EXPECT_EQ(point("a", own(1)).holds, 1u);
}

TEST_P(SourceContract, ABookmarkOutlivesItsSnapshot) {
  place_->make("a");
  const Point first = freeze("a", 1);
  if (!source_->features().bookmarks) GTEST_SKIP() << "no bookmarks here";
  freeze("a", 2);
  Settlement settle_bookmark = settlement("a");
  settle_bookmark.bookmark_of = first;
  settle_bookmark.bookmark = "snapferry_contract_01234567_2026-01-01T00:00:01Z";
  settle(settle_bookmark);
  settle(settle_bookmark);
  Settlement destroy = settlement("a");
  destroy.destroy = {first};
  settle(destroy);
  const auto points = state("a").points;
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].kind, PointKind::Bookmark);
  EXPECT_EQ(points[0].name, settle_bookmark.bookmark);
  EXPECT_EQ(points[0].guid, first.guid);
  EXPECT_LT(points[0].order, points[1].order);

  Settlement bookmark_gone = settlement("a");
  bookmark_gone.destroy = {points[0]};
  settle(bookmark_gone);
  EXPECT_EQ(points_of("a"), PointNames{"@" + own(2)});
}

}  // namespace snapferry::testing
