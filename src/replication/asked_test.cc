#include "replication/asked.h"

#include <gtest/gtest.h>

#include "replication/arrivals.h"
#include "replication/snapshot_name.h"
#include "testing/fake_store.h"

namespace snapferry::replication {
namespace {

using Names = std::vector<std::string>;
using State = AskedVolume::State;

ReplicaState replica(const std::string& path, const std::string& set = "s") {
  ReplicaState state;
  state.volume = {"web1", path};
  if (set.empty()) return state;
  Point point;
  point.name = snapshot_name(set, 1'800'000'000);
  point.guid = Guid::from_number(7);
  state.points.push_back(point);
  return state;
}

ExpectationChange change_of(const std::vector<AskedVolume>& asked, const Names& patterns,
                            const std::vector<ReplicaState>& replicas,
                            Evidence evidence = Evidence::OwnSet) {
  return asked_change("s", evidence, asked, patterns, replicas);
}

TEST(AskedChange, NamesWhatTheSetHasNoSnapshotOf) {
  const std::vector<AskedVolume> asked = {{"zfs:a", "zfs:a"},
                                          {"zfs:b", "zfs:b"},
                                          {"zfs:c", "zfs:c"},
                                          {"zfs:new", "zfs:old"},
                                          {"zfs:o", "zfs:o"}};
  const std::vector<ReplicaState> replicas = {replica("zfs:a"), replica("zfs:b", ""),
                                              replica("zfs:old"), replica("zfs:o", "other")};
  EXPECT_EQ(change_of(asked, {}, replicas).missing, (Names{"zfs:b", "zfs:c", "zfs:o"}));
  EXPECT_TRUE(change_of(asked, {}, replicas).settled.empty());
  EXPECT_EQ(change_of(asked, {}, replicas, Evidence::AnySet).missing, (Names{"zfs:b", "zfs:c"}));
}

TEST(AskedChange, HasNothingToTellOfARunWithoutChanges) {
  const auto change =
      change_of({{"zfs:a", "zfs:a", State::Present}, {"zfs:b", "zfs:b", State::Excluded}},
                {"zfs:*"}, {replica("zfs:a"), replica("zfs:b")});
  EXPECT_TRUE(change.tells_nothing());
}

TEST(AskedChange, AwaitsNoMoreWhatCameUnderEitherName) {
  EXPECT_EQ(change_of({{"zfs:new", "zfs:old", State::Arrived}}, {}, {}).settled,
            (Names{"zfs:new", "zfs:old"}));
}

TEST(AskedChange, ExpectsNothingThatIsExcludedOrOfAPatternThatCoversSome) {
  const auto change = change_of({{"zfs:t/x", "zfs:t/x", State::Excluded}}, {"zfs:t/**"}, {});
  EXPECT_EQ(change.settled, (Names{"zfs:t/x", "zfs:t/**"}));
  EXPECT_TRUE(change.missing.empty());
}

// What it brought before may be retired, and what it covers by now nobody knows.
TEST(AskedChange, ExpectsAPatternThatCoversNothingUntilItBringsSomething) {
  const std::vector<AskedVolume> failed = {{"zfs:t/**", "zfs:t/**"}};
  EXPECT_EQ(change_of(failed, {"zfs:t/**"}, {}).missing, Names{"zfs:t/**"});
  EXPECT_EQ(change_of(failed, {"zfs:t/**"}, {replica("zfs:t/a")}).missing, Names{"zfs:t/**"});
  EXPECT_EQ(change_of({{"zfs:t/b", "zfs:t/b", State::Arrived}}, {"zfs:t/**"}, {replica("zfs:t/a")})
                .settled,
            (Names{"zfs:t/b", "zfs:t/**"}));
}

TEST(AskedFor, WritesOnlyWhatIsNew) {
  testing::FakeDisk disk;
  testing::FakeStore store(disk);
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .missing = {"zfs:a"}}).trouble, "");
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .missing = {"zfs:b"}}).trouble, "");
  EXPECT_EQ(store.expectations("web1").at("web1").awaited.at("s"),
            (std::set<std::string>{"zfs:a", "zfs:b"}));
  EXPECT_EQ(AskedFor(store, "web1").record({.set = "s", .settled = {"zfs:a", "zfs:b"}}).trouble,
            "");
  EXPECT_TRUE(store.expectations("").empty());
}

TEST(AskedFor, SaysWhatTheStoreHasNoRoomFor) {
  testing::FakeDisk disk;
  testing::FakeStore store(disk);
  ExpectationChange flood{.set = "s"};
  for (std::size_t i = 0; i < kMostExpected + 2; ++i) {
    flood.missing.push_back("zfs:" + std::to_string(i));
  }
  const auto trouble = AskedFor(store, "web1").record(flood).trouble;
  EXPECT_NE(trouble.find("zfs:4096"), trouble.npos) << trouble;
  EXPECT_NE(trouble.find("and 1 more"), trouble.npos) << trouble;
  EXPECT_TRUE(store.expectations("web1").at("web1").full);
}

TEST(AskedFor, TellsWhatIsRetiredUntilItComesAgain) {
  testing::FakeDisk disk;
  testing::FakeStore store(disk);
  const auto arrival = arrivals_of(replica("zfs:a")).at("s");
  store.change_expectations("web1", {.retire = {{"s", {{"zfs:a", arrival}, {"zfs:n", {}}}}}});
  AskedFor asked(store, "web1");
  const Names names = {"zfs:a", "zfs:b", "zfs:n"};
  EXPECT_EQ(asked.retired("s", names, {replica("zfs:a")}), (Names{"zfs:a", "zfs:n"}));
  EXPECT_EQ(asked.retired("s", names, {}), Names{"zfs:n"});
  EXPECT_TRUE(asked.retired("other", names, {replica("zfs:a")}).empty());
}

TEST(Arrivals, AreOfEachSetAndOfNone) {
  auto state = replica("zfs:a", "one");
  Point foreign;
  foreign.name = "autosnap";
  foreign.guid = Guid::from_number(8);
  state.points.push_back(foreign);
  state.seen_unchanged = {{"one", 5}, {"two", 6}};
  const auto arrivals = arrivals_of(state);
  EXPECT_EQ(arrivals.at("one"), (Arrival{Guid::from_number(7).hex(), 5}));
  EXPECT_EQ(arrivals.at(""), (Arrival{Guid::from_number(8).hex(), 0}));
  EXPECT_EQ(arrivals.at("two"), (Arrival{"", 6}));
}

}  // namespace
}  // namespace snapferry::replication
