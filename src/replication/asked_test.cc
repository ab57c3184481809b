#include "replication/asked.h"

#include <gtest/gtest.h>

#include "testing/fake_store.h"

namespace snapferry::replication {
namespace {

using Names = std::vector<std::string>;
using State = AskedVolume::State;

ReplicaState replica(const std::string& path, std::size_t snapshots = 1) {
  ReplicaState state;
  state.volume = {"web1", path};
  state.points.resize(snapshots);
  return state;
}

TEST(AskedChange, NamesWhatTheStoreHasNoSnapshotOf) {
  const auto change = asked_change(
      "s", {{"zfs:a", "zfs:a"}, {"zfs:b", "zfs:b"}, {"zfs:c", "zfs:c"}, {"zfs:new", "zfs:old"}}, {},
      {replica("zfs:a"), replica("zfs:b", 0), replica("zfs:old")});
  EXPECT_EQ(change.missing, (Names{"zfs:b", "zfs:c"}));
  EXPECT_TRUE(change.arrived.empty() && change.settled.empty());
}

TEST(AskedChange, HasNothingToTellOfARunWithoutChanges) {
  const auto change =
      asked_change("s", {{"zfs:a", "zfs:a", State::Present}, {"zfs:b", "zfs:b", State::Excluded}},
                   {"zfs:*"}, {replica("zfs:a"), replica("zfs:b")});
  EXPECT_TRUE(change.tells_nothing());
}

TEST(AskedChange, TakesForArrivedWhatCameUnderEitherName) {
  const auto change = asked_change("s", {{"zfs:new", "zfs:old", State::Arrived}}, {}, {});
  EXPECT_EQ(change.arrived, (Names{"zfs:new", "zfs:old"}));
}

TEST(AskedChange, ExpectsNothingThatIsExcludedOrOfAPatternThatCoversSome) {
  const auto change =
      asked_change("s", {{"zfs:t/x", "zfs:t/x", State::Excluded}}, {"zfs:t/**"}, {});
  EXPECT_EQ(change.settled, (Names{"zfs:t/x", "zfs:t/**"}));
  EXPECT_TRUE(change.missing.empty());
}

TEST(AskedChange, ExpectsAPatternThatCouldNotBeListedUnlessItsVolumesCameBefore) {
  const std::vector<AskedVolume> asked = {{"zfs:t/**", "zfs:t/**"}};
  EXPECT_EQ(asked_change("s", asked, {"zfs:t/**"}, {}).missing, Names{"zfs:t/**"});
  EXPECT_TRUE(asked_change("s", asked, {"zfs:t/**"}, {replica("zfs:t/a")}).tells_nothing());
}

TEST(AskedFor, WritesOnlyWhatIsNew) {
  testing::FakeDisk disk;
  testing::FakeStore store(disk);
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .missing = {"zfs:a"}}), "");
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .missing = {"zfs:b"}}), "");
  EXPECT_EQ(store.expectations("web1").at("web1").awaited.at("s"),
            (std::set<std::string>{"zfs:a", "zfs:b"}));
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .arrived = {"zfs:a", "zfs:b"}}), "");
  EXPECT_TRUE(store.expectations("").empty());
}

}  // namespace
}  // namespace snapferry::replication
