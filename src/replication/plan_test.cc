#include "replication/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/plan_text.h"
#include "replication/test_notation.h"

namespace snapferry::replication {
namespace {

using ::testing::HasSubstr;

std::string transfer(const VolumeState& source, const std::vector<ReplicaState>& store,
                     const Policy& rules = policy()) {
  return short_text(plan_transfer({source}, store, rules).at(0));
}

// Of one volume and its replica; "" is a store without it.
std::string transfer(std::string_view source, std::string_view store,
                     const Policy& rules = policy()) {
  std::vector<ReplicaState> replicas;
  if (!store.empty()) replicas.push_back(replica(store));
  return transfer(volume(source), replicas, rules);
}

std::string streams(std::string_view source, std::string_view store,
                    const Policy& rules = policy()) {
  const std::string text = transfer(source, store, rules);
  return text.substr(0, text.find(" |"));
}

FreezeDecision freeze(const VolumeState& source, const std::vector<ReplicaState>& store,
                      const Policy& rules = policy()) {
  return plan_freeze({source}, store, rules).at(0);
}

Policy leaving() {
  Policy rules = policy();
  rules.history = History::Own;
  return rules;
}

Policy anew() {
  Policy rules = policy();
  rules.start_anew = true;
  return rules;
}

TEST(TransferPlan, BeginsWithAFullStreamOfTheNewestOwnSnapshot) {
  EXPECT_EQ(transfer("@M1,1 @M2,2", ""), "send @M2 | hold @M2, bookmark @M2 as #C2, destroy @M1");
}

// The first backup and the later ones go by one rule.
TEST(HistoryPlan, OfOthersComesAlongFromTheBeginning) {
  EXPECT_EQ(streams("@a,1 @b,2 @M3,3 @c,4", ""), "send @a; send @b,@M3,@c from @a");
  EXPECT_EQ(streams("@a,1 @M2,2 @b,3 @M4,4", "@a,1 @M2,2"), "send @b,@M4 from @M2");
  const auto plans = plan_transfer({volume("@a,1 @M2,2")}, {}, policy());
  EXPECT_THAT(plans.at(0).steps.at(0).reason, HasSubstr("its history comes along"));
}

TEST(HistoryPlan, StaysBehindByChoiceAndThatIsSaid) {
  Policy rules = policy();
  rules.history = History::SinceFirst;
  EXPECT_EQ(streams("@a,1 @M2,2 @b,3", "", rules), "send @M2; send @b from @M2");
  EXPECT_EQ(streams("@a,1 @M2,2 @b,3", "", leaving()), "send @M2");
  const auto plans = plan_transfer({volume("@a,1 @M2,2")}, {}, rules);
  EXPECT_THAT(plans.at(0).reason, HasSubstr("1 older snapshot"));
}

// A copy of a copy: what is there is sent, all of it, and the source is left as it is.
TEST(TakingNothing, SendsWhatIsThereWithItsHistoryAndLeavesTheSourceAlone) {
  Policy rules = policy();
  rules.take_nothing = true;
  EXPECT_EQ(transfer("@M1,1! #C1,1 @O2,2 @M3,3", "", rules), "send @M1; send @O2,@M3 from @M1");
  EXPECT_EQ(transfer("@M1,1 @M2,2 @M3,3", "@M1,1", rules), "send @M2,@M3 from @M1");
  EXPECT_EQ(transfer("@M1,1 @M2,2", "@M1,1 @M2,2", rules), "-");
}

TEST(TakingNothing, NeverFreezes) {
  Policy rules = policy();
  rules.take_nothing = true;
  VolumeState changed = volume("@M1,1");
  changed.written = 10;
  EXPECT_EQ(freeze(changed, {replica("@M1,1")}, rules).action, FreezeAction::Unchanged);
  EXPECT_EQ(freeze(changed, {}, rules).action, FreezeAction::SendExisting);
  EXPECT_EQ(freeze(volume(""), {}, rules).action, FreezeAction::Unchanged);
}

// Other tools roll back, and there is nobody to ask.
TEST(RolledBackPlan, OfASubvolumeWithNothingInCommonBeginsAnewAndSaysWhy) {
  const auto plans =
      plan_transfer({volume("@M5,5", "btrfs:/a")}, {replica("@M1,1 @M2,2", "btrfs:/a")}, policy());
  EXPECT_THAT(short_text(plans.at(0)), HasSubstr("set-aside; send @M5"));
  EXPECT_THAT(plans.at(0).set_aside, HasSubstr("no snapshot in common"));
  EXPECT_THAT(plans.at(0).reason, HasSubstr("full: begun anew, because"));
  VolumeState fresh = volume("", "btrfs:/a");
  fresh.written.reset();
  EXPECT_EQ(freeze(fresh, {replica("@M1,1", "btrfs:/a")}).action, FreezeAction::Freeze);
}

TEST(RolledBackPlan, GoesOnFromWhatIsCommonWhereThereIsSomething) {
  EXPECT_EQ(streams("@M1,1 @M5,5", "@M1,1"), "send @M5 from @M1");
  EXPECT_THAT(
      transfer(volume("@M1,1 @M5,5", "btrfs:/a"), {replica("@M1,1 @M2,2 @M3,3", "btrfs:/a")}),
      HasSubstr("send @M5 from @M1"));
}

// `zfs rollback`, `zfs promote`, made anew: a replica that only grows at its end cannot follow.
TEST(RolledBackPlan, OfADatasetIsNamedAndBegunAnewOnlyOnRequest) {
  for (const auto* source : {"@M1,1 @M3,3", "@M7,7", ""}) {
    const auto plans = plan_transfer({volume(source)}, {replica("@M1,1 @M2,2")}, policy());
    EXPECT_TRUE(plans.at(0).conflict) << source;
    EXPECT_TRUE(plans.at(0).steps.empty()) << source;
  }
  EXPECT_THAT(streams("@M1,1 @M3,3", "@M1,1 @M2,2", anew()), HasSubstr("set-aside; send"));
}

// Two machines under one name would set one another's copies aside until the disk is full.
TEST(RolledBackPlan, DoesNotGoToAndFroBetweenTwoReplicas) {
  const std::vector<ReplicaState> store = {replica("@M5,5", "btrfs:/a"),
                                           replica("@M1,1", "btrfs:/a.diverged-1")};
  const auto plans = plan_transfer({volume("@M1,1 @M2,2", "btrfs:/a")}, store, policy());
  ASSERT_TRUE(plans.at(0).conflict);
  EXPECT_THAT(plans.at(0).reason, HasSubstr("btrfs:/a.diverged-1"));
  EXPECT_TRUE(plans.at(0).steps.empty());
}

// The run for the other store let go of what this one goes on from.
TEST(RolledBackPlan, SetsNothingAsideAgainWhereTwoStoresGetOneSetInTurn) {
  const std::vector<ReplicaState> store = {replica("@M4,4", "btrfs:/a"),
                                           replica("@M2,2", "btrfs:/a.diverged-1")};
  const auto source = volume("@M5,5", "btrfs:/a");
  const auto plans = plan_transfer({source}, store, policy());
  ASSERT_TRUE(plans.at(0).conflict);
  EXPECT_TRUE(plans.at(0).steps.empty());
  EXPECT_THAT(plans.at(0).reason, HasSubstr("give each store a --set of its own"));
  EXPECT_THAT(plans.at(0).reason, HasSubstr("btrfs:/a.diverged-1"));
  EXPECT_EQ(freeze(source, store).action, FreezeAction::Conflict);
  EXPECT_THAT(short_text(plan_transfer({source}, store, anew()).at(0)),
              HasSubstr("set-aside; send @M5"));
  // What other sets or other volumes had set aside is no sign of that.
  for (const auto* other : {"btrfs:/a.diverged-1", "btrfs:/ab.diverged-1"}) {
    const auto* points = std::string_view(other) == "btrfs:/a.diverged-1" ? "@x,2" : "@M2,2";
    const auto again =
        plan_transfer({source}, {replica("@M4,4", "btrfs:/a"), replica(points, other)}, policy());
    EXPECT_THAT(short_text(again.at(0)), HasSubstr("set-aside; send @M5")) << other;
  }
}

TEST(ChangedReplicaPlan, IsSetAsideAndBegunAnewAndThatIsSaid) {
  for (const auto* name : {"btrfs:/a", "zfs:tank/a"}) {
    ReplicaState changed = replica("@M1,1", name);
    changed.changed = "@M1 was changed after it was received";
    const auto plans = plan_transfer({volume("@M1,1 @M2,2", name)}, {changed}, policy());
    EXPECT_THAT(short_text(plans.at(0)), HasSubstr("set-aside; send @M2")) << name;
    EXPECT_THAT(plans.at(0).set_aside, HasSubstr("was changed after")) << name;
  }
}

TEST(ChangedReplicaPlan, OfWhichOnlyTheStoreKnowsIsBegunAnewOnceItRefused) {
  Policy rules = policy();
  rules.refused[{"web1", "zfs:tank/a"}] = "has been modified";
  const auto plans = plan_transfer({volume("@M1,1 @M2,2")}, {replica("@M1,1")}, rules);
  EXPECT_THAT(short_text(plans.at(0)), HasSubstr("set-aside; send @M2"));
}

TEST(TransferPlan, GoesOnFromTheNewestSnapshotAndMovesTheCursor) {
  EXPECT_EQ(transfer("@M1,1! #C1,1 @M2,2", "@M1,1"),
            "send @M2 from @M1 | hold @M2, bookmark @M2 as #C2, release @M1, destroy @M1, "
            "destroy #C1");
}

TEST(TransferPlan, HasNothingToDoWhereAllIsSettled) {
  EXPECT_EQ(transfer("@M1,1! #C1,1", "@M1,1"), "-");
  EXPECT_EQ(transfer("@a,1 @M2,2! #C2,2 @b,3", "@M2,2", leaving()), "-");
}

TEST(TransferPlan, CoalescesARunIntoOneStream) {
  EXPECT_EQ(streams("@M1,1 @a,2 @b,3 @M4,4", "@M1,1"), "send @a,@b,@M4 from @M1");
}

TEST(TransferPlan, LeavesForeignSnapshotsWhereTheyAreByChoice) {
  EXPECT_EQ(streams("@M1,1 @a,2 @O3,3 @M4,4 @b,5", "@M1,1", leaving()), "send @M4 from @M1");
}

TEST(TransferPlan, CarriesSnapshotsOfOtherSetsAsThoseOfOthers) {
  EXPECT_EQ(transfer("@M1,1! #C1,1 @O2,2! @M3,3", "@M1,1"),
            "send @O2,@M3 from @M1 | hold @M3, bookmark @M3 as #C3, release @M1, destroy @M1, "
            "destroy #C1");
}

// openzfs#12415
TEST(TransferPlan, GoesOnFromABookmarkWithOneSnapshotAndThenTheRest) {
  EXPECT_EQ(streams("#C1,1 @a,2 @b,3 @M4,4", "@M1,1"), "send @a from #C1; send @b,@M4 from @a");
  EXPECT_EQ(streams("#C1,1 @M4,4", "@M1,1"), "send @M4 from #C1");
}

TEST(TransferPlan, PrefersTheSnapshotToItsBookmark) {
  EXPECT_EQ(streams("#C1,1 @M1,1 @M2,2", "@M1,1"), "send @M2 from @M1");
}

TEST(TransferPlan, TakesNoBookmarkWhereTheSourceCannotSendFromOne) {
  Policy rules = policy();
  rules.source.bookmarks = false;
  EXPECT_EQ(streams("#C1,1 @M2,2", "@M1,1", rules), "NoCommonSnapshot");
}

TEST(TransferPlan, KnowsSnapshotsByTheirGuidAndNotByTheirName) {
  EXPECT_EQ(streams("@renamed,1 @M2,2", "@M1,1"), "send @M2 from @renamed");
  EXPECT_EQ(streams("@M1,7:1 @M2,2", "@M1,1"), "NoCommonSnapshot");
}

TEST(TransferPlan, LeavesOutANamesakeOfWhatTheStoreHas) {
  EXPECT_EQ(streams("@M2,2 @a,3 @daily,4 @b,5 @M6,6", "@daily,1 @M2,2"),
            "send @a from @M2; send @b from @a; send @M6 from @b");
  EXPECT_EQ(streams("@M2,2 @daily,4 @b,5 @c,6 @M7,7", "@daily,1 @M2,2"),
            "send @b from @M2; send @c,@M7 from @b");
  EXPECT_EQ(streams("@M2,2 @daily,4", "@daily,1 @M2,2"), "NameTaken");
}

TEST(TransferPlan, DoesNotCareWhatTheClockSays) {
  EXPECT_EQ(transfer("@M9,1! #C9,1 @M2,2", "@M9,1"),
            "send @M2 from @M9 | hold @M2, bookmark @M2 as #C2, release @M9, destroy @M9, "
            "destroy #C9");
}

TEST(TransferPlan, NamesADivergedVolume) {
  EXPECT_EQ(streams("@M1,1 @M3,3", "@M1,1 @M2,2"), "Diverged");
  EXPECT_EQ(streams("#C1,1 @M3,3", "@M1,1 @M2,2"), "Diverged");
}

TEST(TransferPlan, NamesAVolumeThatWasMadeAnew) {
  EXPECT_EQ(streams("@M5,5", "@M1,1 @M2,2"), "NoCommonSnapshot");
  EXPECT_EQ(streams("", "@M1,1"), "NoCommonSnapshot");
}

TEST(TransferPlan, StartsAnewOnlyOnRequest) {
  EXPECT_EQ(transfer("@M1,1! @M3,3", "@M1,1 @M2,2", anew()),
            "set-aside; send @M3 | hold @M3, bookmark @M3 as #C3, release @M1, destroy @M1");
  EXPECT_EQ(streams("@M1,1 @M3,3", "@M1,1", anew()), "send @M3 from @M1");
}

TEST(TransferPlan, OfASubvolumeGoesOnFromAnyCommonSnapshot) {
  const auto plan = plan_transfer({volume("@M1,1 @M3,3", "btrfs:/a")},
                                  {replica("@M1,1 @M2,2", "btrfs:/a")}, policy());
  EXPECT_THAT(short_text(plan.at(0)), HasSubstr("send @M3 from @M1"));
  EXPECT_EQ(streams("@M1,1 @M3,3", "@M1,1 @M2,2"), "Diverged");
}

TEST(TransferPlan, OfASubvolumeNamesCloneSources) {
  const auto plans = plan_transfer({volume("@a,1 @O2,2 @M3,3 @M4,4", "btrfs:/a")},
                                   {replica("@a,1 @O2,2 @M3,3", "btrfs:/a")}, policy());
  const auto& stream = std::get<SendStep>(plans.at(0).steps.at(0).what).stream;
  EXPECT_EQ(stream.clone_sources, points("@a,1 @O2,2"));
}

TEST(TransferPlan, MendsWhatACrashLeft) {
  // Before the hold, before the bookmark, before the release and the last destruction.
  EXPECT_EQ(transfer("@M1,1! #C1,1 @M2,2", "@M1,1 @M2,2"),
            "- | hold @M2, bookmark @M2 as #C2, release @M1, destroy @M1, destroy #C1");
  EXPECT_EQ(transfer("@M1,1! #C1,1 @M2,2!", "@M1,1 @M2,2"),
            "- | hold @M2, bookmark @M2 as #C2, release @M1, destroy @M1, destroy #C1");
  EXPECT_EQ(transfer("@M1,1! #C1,1 @M2,2! #C2,2", "@M1,1 @M2,2"),
            "- | hold @M2, release @M1, destroy @M1, destroy #C1");
  EXPECT_EQ(transfer("#C1,1 @M2,2! #C2,2", "@M1,1 @M2,2"), "- | hold @M2, destroy #C1");
}

// It may be the own one that a crash left.
TEST(TransferPlan, ReleasesWhatIsHeldForAnUnknownReason) {
  const std::string mend = "- | hold @M2, release @M1, destroy @M1";
  EXPECT_EQ(transfer("@M1,1! @M2,2! #C2,2", "@M1,1 @M2,2"), mend);
  // The cursor of the other store explains one hold, and is of another snapshot.
  EXPECT_EQ(transfer("#D1,1 @M1,1!! @M2,2! #C2,2", "@M1,1 @M2,2"), mend);
  EXPECT_EQ(transfer("@M1,1! #D2,2 @M2,2!! #C2,2", "@M1,1 @M2,2"), mend);
}

TEST(TransferPlan, LeavesWhatTheCursorOfAnotherStoreIsOn) {
  EXPECT_EQ(transfer("#D1,1 @M1,1! #C2,2 @M2,2!", "@M1,1 @M2,2"), "-");
  EXPECT_EQ(transfer("@M1,1! #D2,2 @b,2 #C3,3 @M3,3!", "@M1,1 @b,2 @M3,3"), "-");
  EXPECT_EQ(transfer("#C1,1 @M1,1! #D2,2 @M2,2!", "@M1,1", leaving()),
            "send @M2 from @M1 | hold @M2, bookmark @M2 as #C2, release @M1, destroy @M1, "
            "destroy #C1");
}

// A crash before the last step of a settlement leaves the bookmark that goes last.
TEST(TransferPlan, MendsWhatACrashLeftBesideTheCursorOfAnotherStore) {
  EXPECT_EQ(transfer("#C1,1 #D1,1 @M1,1! #C2,2 @M2,2!", "@M1,1 @M2,2"),
            "- | hold @M2, release @M1, destroy @M1, destroy #C1");
}

TEST(TransferPlan, KeepsTheHoldOnTheOwnSnapshotBehindAForeignOne) {
  EXPECT_EQ(transfer("@M1,1! #C1,1 @b,2", "@M1,1"),
            "send @b from @M1 | hold @M1, bookmark @b as #C2, destroy #C1");
}

TEST(TransferPlan, GivesABookmarkANameThatIsFree) {
  EXPECT_EQ(transfer("@x,1 #C2,1 @M2,2", "@x,1"),
            "send @M2 from @x | hold @M2, bookmark @M2 as #C3, destroy #C2");
}

TEST(TransferPlan, SkipsWhatIsExcluded) {
  VolumeState excluded = volume("@M1,1");
  excluded.excluded = true;
  EXPECT_EQ(transfer(excluded, {}), "skip");
  EXPECT_EQ(freeze(excluded, {}).action, FreezeAction::Skip);
}

TEST(TransferPlan, SaysSubjectCauseAndNextStepOfAConflict) {
  const auto plans = plan_transfer({volume("@a,1 @b,3")}, {replica("@a,1 @c,2")}, policy());
  EXPECT_EQ(plans.at(0).conflict->message,
            "zfs:tank/a: the store's newest snapshot @c is not on the source (the newest common "
            "one is @a); pass --start-anew to set the replica aside and begin with a full stream");
}

class PartialPlan : public ::testing::Test {
 protected:
  static ReplicaState half(std::string_view history, const std::string& to, std::uint64_t guid,
                           std::optional<std::uint64_t> base) {
    ReplicaState state = replica(history);
    Partial partial;
    partial.token = "token";
    partial.to = Guid::from_number(guid);
    partial.to_name = long_name(to);
    if (base) partial.base = Guid::from_number(*base);
    partial.bytes = 1000;
    state.partial = partial;
    return state;
  }
};

TEST_F(PartialPlan, IsResumedAndThenPlannedAgain) {
  const auto plans =
      plan_transfer({volume("@M1,1 @M2,2 @M3,3")}, {half("@M1,1", "M2", 2, 1)}, policy());
  EXPECT_EQ(short_text(plans.at(0)), "resume @M2 from @M1");
  EXPECT_TRUE(plans.at(0).plan_again);
  EXPECT_EQ(transfer(volume("@M1,1"), {half("", "M1", 1, {})}), "resume @M1");
  EXPECT_EQ(transfer(volume("#C1,1 @M2,2"), {half("@M1,1", "M2", 2, 1)}), "resume @M2 from #C1");
}

TEST_F(PartialPlan, IsDiscardedWhereItIsStale) {
  const auto discarded = [](const std::string& text) { return text.substr(0, text.find(" |")); };
  // Its snapshot is gone, has another name, or its base is not what the replica ends with.
  EXPECT_EQ(discarded(transfer(volume("@M1,1 @M3,3"), {half("@M1,1", "M2", 2, 1)})),
            "abort; send @M3 from @M1");
  EXPECT_EQ(discarded(transfer(volume("@M1,1 @x,2"), {half("@M1,1", "M2", 2, 1)})),
            "abort; send @x from @M1");
  EXPECT_EQ(discarded(transfer(volume("@M1,1 @M2,2"), {half("@M1,1", "M2", 2, 7)})),
            "abort; send @M2 from @M1");
  EXPECT_EQ(discarded(transfer(volume("@M1,1 @M2,2"), {half("@M1,1", "M2", 2, {})})),
            "abort; send @M2 from @M1");
  EXPECT_EQ(discarded(transfer(volume("@M2,2"), {half("", "M1", 1, {})})), "abort; send @M2");
}

TEST_F(PartialPlan, IsDiscardedWhereItWasTriedInVainOrHasNoToken) {
  Policy rules = policy();
  rules.stale_tokens = {"token"};
  const std::vector<ReplicaState> store = {half("@M1,1", "M2", 2, 1)};
  EXPECT_THAT(transfer(volume("@M1,1 @M2,2"), store, rules), HasSubstr("abort; send @M2"));
  rules = policy();
  rules.store.resumable = false;
  EXPECT_THAT(transfer(volume("@M1,1 @M2,2"), store, rules), HasSubstr("abort; send @M2"));
  ReplicaState without = store[0];
  without.partial->token.clear();
  EXPECT_THAT(transfer(volume("@M1,1 @M2,2"), {without}), HasSubstr("abort; send @M2"));
}

TEST_F(PartialPlan, IsDiscardedEvenWhereNothingElseIsToDo) {
  EXPECT_EQ(transfer(volume("@M1,1! #C1,1"), {half("@M1,1", "M2", 2, 1)}), "abort");
}

class RawPlan : public ::testing::Test {
 protected:
  RawPlan() : encrypted_(volume("@M1,1 @M2,2")), plain_(replica("@M1,1")), raw_(plain_) {
    encrypted_.encrypted = true;
    raw_.raw = true;
    raw_policy_ = policy();
    raw_policy_.raw = RawPolicy::Raw;
    decrypting_ = policy();
    decrypting_.raw = RawPolicy::Decrypt;
  }
  static bool sends_raw(const VolumeState& source, const std::vector<ReplicaState>& store,
                        const Policy& rules) {
    const auto plans = plan_transfer({source}, store, rules);
    return std::get<SendStep>(plans.at(0).steps.at(0).what).stream.features.raw;
  }

  VolumeState encrypted_;
  ReplicaState plain_;
  ReplicaState raw_;
  Policy raw_policy_;
  Policy decrypting_;
};

TEST_F(RawPlan, SendsAnEncryptedVolumeAsItsReplicaIs) {
  EXPECT_TRUE(sends_raw(encrypted_, {raw_}, policy()));
  EXPECT_FALSE(sends_raw(encrypted_, {plain_}, policy()));
  EXPECT_TRUE(sends_raw(encrypted_, {}, raw_policy_));
  EXPECT_FALSE(sends_raw(volume("@M1,1"), {}, raw_policy_));
}

TEST_F(RawPlan, BeginsRawUnlessItIsToldToDecrypt) {
  EXPECT_TRUE(sends_raw(encrypted_, {}, policy()));
  EXPECT_FALSE(sends_raw(encrypted_, {}, decrypting_));
  EXPECT_FALSE(sends_raw(volume("@M1,1"), {}, decrypting_));
  EXPECT_FALSE(sends_raw(encrypted_, {plain_}, decrypting_));
  EXPECT_EQ(transfer(encrypted_, {raw_}, decrypting_), "RawMismatch");
}

TEST_F(RawPlan, SaysWhatTheStoreWouldHaveDecrypted) {
  EXPECT_TRUE(plan_transfer({encrypted_}, {plain_}, policy()).at(0).decrypted);
  EXPECT_FALSE(plan_transfer({encrypted_}, {raw_}, policy()).at(0).decrypted);
  EXPECT_FALSE(plan_transfer({volume("@M1,1 @M2,2")}, {plain_}, policy()).at(0).decrypted);
}

TEST_F(RawPlan, NeverMixesRawAndDecrypted) {
  EXPECT_EQ(transfer(encrypted_, {plain_}, raw_policy_), "RawMismatch");
  EXPECT_EQ(transfer(volume("@M1,1 @M2,2"), {raw_}), "RawMismatch");
  raw_policy_.store.raw = false;
  EXPECT_EQ(transfer(encrypted_, {}, raw_policy_), "RawMismatch");
}

TEST_F(RawPlan, NeedsTheKeyUnlessItIsRaw) {
  encrypted_.key_loaded = false;
  EXPECT_EQ(transfer(encrypted_, {plain_}), "KeyNotLoaded");
  EXPECT_EQ(transfer(encrypted_, {}, decrypting_), "KeyNotLoaded");
  EXPECT_EQ(freeze(encrypted_, {plain_}).action, FreezeAction::Conflict);
  EXPECT_TRUE(sends_raw(encrypted_, {}, policy()));
  EXPECT_TRUE(sends_raw(encrypted_, {raw_}, policy()));
}

class RenamePlan : public ::testing::Test {
 protected:
  static Policy knowing(const std::string& absent) {
    Policy rules = policy();
    rules.absent = {absent};
    return rules;
  }
  const VolumeState renamed_ = volume("@M1,1 @M2,2", "zfs:tank/new");
  const ReplicaState old_ = replica("@M1,1", "zfs:tank/old");
};

TEST_F(RenamePlan, FollowsAVolumeIntoItsReplica) {
  EXPECT_EQ(rename_candidates({renamed_}, {old_}, policy()),
            std::vector<std::string>{"zfs:tank/old"});
  const auto plans = plan_transfer({renamed_}, {old_}, knowing("zfs:tank/old"));
  EXPECT_THAT(short_text(plans.at(0)), HasSubstr("send @M2 from @M1"));
  EXPECT_EQ(plans.at(0).replica, (VolumeName{"web1", "zfs:tank/old"}));
  EXPECT_TRUE(plans.at(0).followed());
  EXPECT_THAT(plans.at(0).reason, HasSubstr("the volume was named zfs:tank/old"));
}

TEST_F(RenamePlan, FollowsNothingThatTheSourceMayStillHave) {
  EXPECT_THAT(transfer(renamed_, {old_}), HasSubstr("send @M2 |"));
  const VolumeState still = volume("@M1,1", "zfs:tank/old");
  EXPECT_TRUE(rename_candidates({renamed_, still}, {old_}, policy()).empty());
  const auto plans = plan_transfer({renamed_, still}, {old_}, policy());
  EXPECT_THAT(short_text(plans.at(0)), HasSubstr("send @M2 |"));
  EXPECT_FALSE(plans.at(0).followed());
}

TEST_F(RenamePlan, LeavesWhatTheReplicaOfAnotherPathToASubvolumeGoesOnFrom) {
  const auto subvolume = volume("@M1,1 @M2,2 @M3,3", "btrfs:/mount");
  const auto own = replica("@M2,2", "btrfs:/mount");
  const auto other = replica("@M1,1", "btrfs:/pool/@");
  EXPECT_THAT(transfer(subvolume, {own, other}), HasSubstr("destroy @M2"));
  EXPECT_THAT(transfer(subvolume, {own, other}), Not(HasSubstr("destroy @M1")));
  EXPECT_THAT(transfer(subvolume, {own}), HasSubstr("destroy @M1, destroy @M2"));
  const auto aside = replica("@M1,1", "btrfs:/mount.diverged-1");
  EXPECT_THAT(transfer(subvolume, {own, aside}), HasSubstr("destroy @M1, destroy @M2"));
}

TEST_F(RenamePlan, FollowsNothingOfAnotherHost) {
  ReplicaState other = old_;
  other.volume.host = "web2";
  EXPECT_THAT(transfer(renamed_, {other}, knowing("zfs:tank/old")), HasSubstr("send @M2 |"));
}

TEST_F(RenamePlan, NamesAReplicaThatTwoVolumesWouldFollow) {
  VolumeState copy = renamed_;
  copy.name = "zfs:tank/other";
  const auto plans = plan_transfer({renamed_, copy}, {old_}, knowing("zfs:tank/old"));
  EXPECT_EQ(short_text(plans.at(0)), "BaseOnlyInForeignReplica");
  EXPECT_EQ(short_text(plans.at(1)), "BaseOnlyInForeignReplica");
  Policy rules = knowing("zfs:tank/old");
  rules.start_anew = true;
  EXPECT_THAT(short_text(plan_transfer({renamed_, copy}, {old_}, rules).at(1)),
              HasSubstr("send @M2 |"));
}

TEST_F(RenamePlan, NamesAVolumeThatTookTheNameOfAnotherWithAReplica) {
  const ReplicaState taken = replica("@M1,9", "zfs:tank/new");
  const auto rules = knowing("zfs:tank/old");
  EXPECT_EQ(transfer(renamed_, {taken, old_}, rules), "BaseOnlyInForeignReplica");
}

TEST_F(RenamePlan, PutsAFullStreamBesideAnOldReplicaThatDiverged) {
  Policy rules = knowing("zfs:tank/old");
  rules.start_anew = true;
  const ReplicaState diverged = replica("@M1,1 @x,9", "zfs:tank/old");
  const auto plans = plan_transfer({renamed_}, {diverged}, rules);
  EXPECT_THAT(short_text(plans.at(0)), HasSubstr("send @M2 |"));
  EXPECT_EQ(plans.at(0).replica.path, "zfs:tank/new");
}

class FreezePlan : public ::testing::Test {
 protected:
  static FreezeAction decide(std::string_view source, std::string_view store,
                             std::optional<std::uint64_t> written, const Policy& rules = policy()) {
    VolumeState state = volume(source);
    state.written = written;
    std::vector<ReplicaState> replicas;
    if (!store.empty()) replicas.push_back(replica(store));
    return freeze(state, replicas, rules).action;
  }
};

TEST_F(FreezePlan, FreezesWhatIsNewWrittenToOrUnknown) {
  EXPECT_EQ(decide("", "", 0), FreezeAction::Freeze);
  EXPECT_EQ(decide("@a,1", "", 0), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M1,1", "@M1,1", 10), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M1,1", "@M1,1", std::nullopt), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M1,1 #C2,2", "@M1,1 @b,2", 0), FreezeAction::Freeze);
}

TEST_F(FreezePlan, LeavesWhatTheStoreHas) {
  EXPECT_EQ(decide("@M1,1", "@M1,1", 0), FreezeAction::Unchanged);
  EXPECT_EQ(decide("@M1,1 @b,2 @M3,3", "@M1,1 @b,2 @M3,3", 0), FreezeAction::Unchanged);
}

TEST_F(FreezePlan, SendsWhatIsThereInsteadOfAnotherSnapshotOfTheSame) {
  EXPECT_EQ(decide("@M1,1 @M2,2", "@M1,1", 0), FreezeAction::SendExisting);
  EXPECT_EQ(decide("@M1,1 @b,2 @M3,3", "@M1,1", 0), FreezeAction::SendExisting);
  EXPECT_EQ(decide("@M1,1", "", 0), FreezeAction::SendExisting);
  EXPECT_EQ(decide("@M1,1 @b,2", "@M1,1", 0, leaving()), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M2,2 @a,3", "@a,1 @M2,2", 0), FreezeAction::Freeze);
}

TEST_F(FreezePlan, TwoSetsDoNotChaseOneAnother) {
  // This one takes its own of the state, with the time of the other's in its name; then both are at
  // rest.
  const FreezeDecision decision = freeze(volume("@M1,1 @O2,2"), {replica("@M1,1 @O2,2")});
  EXPECT_EQ(decision.action, FreezeAction::Freeze);
  EXPECT_EQ(decision.same_as_of, 2);
  EXPECT_THAT(decision.reason, HasSubstr("which is of set other"));
  EXPECT_EQ(decide("@M1,1 @O2,2 @M2,3", "@M1,1", 0), FreezeAction::SendExisting);
  EXPECT_EQ(decide("@M1,1 @O2,2 @M2,3", "@M1,1 @O2,2 @M2,3", 0), FreezeAction::Unchanged);
  EXPECT_EQ(decide("@M2,2 @O2,3", "@M2,2", 0), FreezeAction::SendExisting);
  EXPECT_EQ(decide("@M2,2 @O2,3", "@M2,2 @O2,3", 0), FreezeAction::Unchanged);
  // Its own is in the store alone.
  EXPECT_EQ(decide("@M1,1 @O2,3", "@M1,1 @M2,2 @O2,3", 0), FreezeAction::Unchanged);
}

TEST_F(FreezePlan, GivesNoNameThatIsOlderThanTheNewestOfTheSet) {
  const FreezeDecision decision = freeze(volume("@M9,1 @O2,2"), {replica("@M9,1")});
  EXPECT_EQ(decision.action, FreezeAction::Freeze);
  EXPECT_EQ(decision.same_as_of, std::nullopt);
}

// They may remove it while it is being sent.
TEST_F(FreezePlan, ReliesOnNoSnapshotOfOthers) {
  EXPECT_EQ(decide("@M1,1 @b,2", "@M1,1", 0), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M1,1 @b,2", "@M1,1 @b,2", 0), FreezeAction::Freeze);
  const FreezeDecision decision = freeze(volume("@M1,1 @b,2"), {replica("@M1,1")});
  EXPECT_THAT(decision.reason, HasSubstr("@b, which is of others"));
}

TEST_F(FreezePlan, TakesNoSnapshotThatCouldNotBeSent) {
  EXPECT_EQ(decide("@M1,1", "@M1,1 @M2,2", 10), FreezeAction::Conflict);
  EXPECT_EQ(decide("@M5,5", "@M1,1", 10), FreezeAction::Conflict);
  EXPECT_EQ(decide("@M5,5", "@M1,1", 10, anew()), FreezeAction::Freeze);
}

TEST_F(FreezePlan, StopsTakingSnapshotsThatNobodyFetches) {
  Policy rules = policy();
  rules.max_waiting = 3;
  EXPECT_EQ(decide("@M1,1 @M2,2 @M3,3", "@M1,1", 10, rules), FreezeAction::Freeze);
  EXPECT_EQ(decide("@M1,1 @M2,2 @M3,3 @M4,4", "@M1,1", 10, rules), FreezeAction::SendExisting);
}

TEST_F(FreezePlan, CarriesOnAChainOfSimplesnap) {
  const std::string name = simplesnap_name("main", 1'700'000'000);
  VolumeState state = volume("@" + name + ",1");
  EXPECT_EQ(freeze(state, {replica("@" + name + ",1")}).action, FreezeAction::Unchanged);
  state.points.push_back(points("@M2,2")[0]);
  const auto text = transfer(state, {replica("@" + name + ",1")});
  EXPECT_THAT(text, HasSubstr("send @M2 from @"));
  EXPECT_THAT(text, HasSubstr("destroy @"));
}

TEST(PlanText, PrintsEachStepWithItsReason) {
  VolumeState one = volume("@M1,1! #C1,1 @a,2 @M3,3");
  const std::vector<VolumeState> source = {one, volume("@x,5", "zfs:tank/b")};
  const std::vector<ReplicaState> store = {replica("@M1,1"), replica("@y,6", "zfs:tank/b")};
  const std::string text =
      plan_text(plan_freeze(source, store, policy()), plan_transfer(source, store, policy()));
  EXPECT_EQ(text,
            "zfs:tank/a\n"
            "  take no snapshot: nothing was written since @snapferry_main_1970-01-01T00:00:03Z, "
            "which the store lacks\n"
            "  send @a..@snapferry_main_1970-01-01T00:00:03Z from "
            "@snapferry_main_1970-01-01T00:00:01Z (2 snapshots): incremental: "
            "@snapferry_main_1970-01-01T00:00:01Z is the newest snapshot that both have\n"
            "  then hold @snapferry_main_1970-01-01T00:00:03Z, bookmark "
            "@snapferry_main_1970-01-01T00:00:03Z, release @snapferry_main_1970-01-01T00:00:01Z, "
            "destroy @snapferry_main_1970-01-01T00:00:01Z, destroy "
            "#snapferry_main_00000000_1970-01-01T00:00:01Z on the source\n"
            "zfs:tank/b\n"
            "  conflict: zfs:tank/b: source and store have no snapshot in common (was the volume "
            "made anew? the store's newest is @y); pass --start-anew to set the replica aside and "
            "begin with a full stream\n");
}

}  // namespace
}  // namespace snapferry::replication
