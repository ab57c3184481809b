#include "replication/moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/test_notation.h"

namespace snapferry::replication {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "old>new" for each, "a>b (c)" where the volume was named c.
std::vector<std::string> moves(const std::vector<VolumeState>& source,
                               const std::vector<ReplicaState>& store, const Policy& rules) {
  std::vector<std::string> texts;
  const auto short_path = [](const std::string& path) { return path.substr(path.find('/') + 1); };
  for (const Move& move : plan_moves(source, store, rules)) {
    EXPECT_EQ(move.from.host, "web1");
    EXPECT_EQ(move.to.host, "web1");
    auto text = short_path(move.from.path) + ">" + short_path(move.to.path);
    if (move.was != move.from.path) text += " (" + short_path(move.was) + ")";
    texts.push_back(text);
  }
  return texts;
}

VolumeState at(std::string_view history, const std::string& name) {
  return volume(history, "zfs:tank/" + name);
}
ReplicaState copy(std::string_view history, const std::string& name) {
  return replica(history, "zfs:tank/" + name);
}
Policy without(const std::set<std::string>& names) {
  Policy rules = policy();
  for (const auto& name : names) rules.absent.insert("zfs:tank/" + name);
  return rules;
}

TEST(Moves, GoWhereTheVolumeWentThatIsGoneUnderItsOldName) {
  EXPECT_THAT(moves({at("@M1,1", "new")}, {copy("@M1,1", "old")}, without({"old"})),
              ElementsAre("old>new"));
  EXPECT_THAT(moves({at("#C1,1", "new")}, {copy("@M1,1", "old")}, without({"old"})),
              ElementsAre("old>new"));
}

TEST(Moves, GoNowhereWhileTheOldNameMayStillBeAVolume) {
  EXPECT_THAT(moves({at("@M1,1", "new")}, {copy("@M1,1", "old")}, policy()), IsEmpty());
  EXPECT_THAT(
      moves({at("@M1,1", "new"), at("@M1,1 @x,5", "old")}, {copy("@M1,1", "old")}, policy()),
      IsEmpty());
}

TEST(Moves, AreNotMadeForAnotherPathToAVolume) {
  Policy rules = without({"old"});
  rules.other_paths = {"zfs:tank/old"};
  EXPECT_THAT(moves({at("@M1,1", "new")}, {copy("@M1,1", "old")}, rules), IsEmpty());
}

TEST(Moves, MakeRoomForANewVolumeOfTheOldName) {
  EXPECT_THAT(
      moves({at("@M9,9", "old"), at("@M1,1 #C1,1", "new")}, {copy("@M1,1", "old")}, policy()),
      ElementsAre("old>new"));
  EXPECT_THAT(moves({at("", "old"), at("#C1,1", "new")}, {copy("@M1,1", "old")}, policy()),
              ElementsAre("old>new"));
}

// A restore beside it, a clone, what was received: it has the snapshots that the volume itself
// lost.
TEST(Moves, AreNotMadeForACopyOfTheVolumeThatIsStillThere) {
  EXPECT_THAT(moves({at("@M9,9", "old"), at("@M1,1", "copy")}, {copy("@M1,1", "old")}, policy()),
              IsEmpty());
  // Where it was backed up into another store, and where the bookmark is of what is not there.
  for (const auto* of_copy : {"@M1,1 #D1,1", "@M1,1 #C5,5"}) {
    EXPECT_THAT(moves({at("@M9,9", "old"), at(of_copy, "copy")}, {copy("@M1,1", "old")}, policy()),
                IsEmpty());
  }
}

TEST(Moves, AreMadeInTheOrderInWhichTheNamesBecomeFree) {
  EXPECT_THAT(moves({at("@M1,1", "b"), at("@M2,2 #C2,2", "c")},
                    {copy("@M1,1", "a"), copy("@M2,2", "b")}, without({"a"})),
              ElementsAre("b>c", "a>b"));
}

TEST(Moves, OfACircleGoByWayOfAThirdName) {
  EXPECT_THAT(
      moves({at("@M1,1 #C1,1", "b"), at("@M2,2 #C2,2", "a")},
            {copy("@M1,1", "a"), copy("@M2,2", "b"), copy("@x,8", "a.diverged-0")}, policy()),
      ElementsAre("a>a.diverged-00", "b>a", "a.diverged-00>b (a)"));
}

TEST(Moves, GoOnFromTheThirdName) {
  EXPECT_THAT(moves({at("@M1,1", "b"), at("@M2,2 #C2,2", "a")},
                    {copy("@M1,1", "a.diverged-0"), copy("@M2,2", "b")}, policy()),
              ElementsAre("b>a", "a.diverged-0>b (a)"));
  EXPECT_THAT(moves({at("@M1,1", "b"), at("@M2,2", "a")},
                    {copy("@M1,1", "a.diverged-0"), copy("@M2,2", "a")}, policy()),
              ElementsAre("a.diverged-0>b (a)"));
  // What was set aside has a number from one, or a time.
  EXPECT_THAT(moves({at("@M1,1", "b")}, {copy("@M1,1", "a.diverged-10")}, policy()), IsEmpty());
}

TEST(Moves, GoOntoNothingThatStays) {
  EXPECT_THAT(
      moves({at("@M1,1", "new")}, {copy("@M1,1", "old"), copy("@x,9", "new")}, without({"old"})),
      IsEmpty());
  // And what is behind it stays, too.
  EXPECT_THAT(moves({at("@M1,1", "b"), at("@M2,2 #C2,2 @x,9", "c")},
                    {copy("@M1,1", "a"), copy("@M2,2", "b"), copy("@x,9", "c")}, without({"a"})),
              IsEmpty());
}

TEST(Moves, GoNowhereWhereSeveralVolumesHaveTheSnapshots) {
  EXPECT_THAT(moves({at("@M1,1", "new"), at("@M1,1 @M2,2", "other")}, {copy("@M1,1", "old")},
                    without({"old"})),
              IsEmpty());
}

TEST(Moves, OfSeveralReplicasTakeTheOneWithTheNewestSnapshot) {
  EXPECT_THAT(moves({at("@M1,1 @M2,2", "new")}, {copy("@M2,2", "older"), copy("@M1,1", "old")},
                    without({"old", "older"})),
              ElementsAre("older>new"));
}

TEST(Moves, LeaveWhatWasSetAsideAndWhatIsExcludedAndOtherHosts) {
  EXPECT_THAT(
      moves({at("@M1,1", "new")}, {copy("@M1,1", "old.diverged-1")}, without({"old.diverged-1"})),
      IsEmpty());
  VolumeState excluded = at("@M1,1", "new");
  excluded.excluded = true;
  EXPECT_THAT(moves({excluded}, {copy("@M1,1", "old")}, without({"old"})), IsEmpty());
  ReplicaState foreign = copy("@M1,1", "old");
  foreign.volume.host = "web2";
  EXPECT_THAT(moves({at("@M1,1", "new")}, {foreign}, without({"old"})), IsEmpty());
}

TEST(Moves, LackAnHeirWhereTheNameIsAnotherVolumesAndNobodyListedHasTheSnapshots) {
  const auto taken = at("@M9,9", "old");
  const std::vector store = {copy("@M1,1", "old")};
  EXPECT_TRUE(lacks_heir({taken}, store, policy()));
  EXPECT_FALSE(lacks_heir({taken, at("@M1,1", "new")}, store, policy()));
  EXPECT_FALSE(lacks_heir({at("@M1,1 @M9,9", "old")}, store, policy()));
  EXPECT_FALSE(lacks_heir({at("@M9,9", "other")}, store, without({"old"})));
}

TEST(Moves, AreInTheListingThatComesAfter) {
  const Move move{{"web1", "zfs:tank/old"}, {"web1", "zfs:tank/new"}, "zfs:tank/old"};
  EXPECT_EQ(after_move({copy("@M1,1", "old"), copy("", "new"), copy("@x,9", "other")}, move),
            (std::vector{copy("@M1,1", "new"), copy("@x,9", "other")}));
}

}  // namespace
}  // namespace snapferry::replication
