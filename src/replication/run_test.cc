#include "replication/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "replication/plan_text.h"
#include "replication/snapshot_name.h"
#include "replication/store_source.h"
#include "replication/test_scene.h"
#include "testing/errors.h"

namespace snapferry::replication {
namespace {

using ::testing::ElementsAre;
using testing::FakeKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class RunTest : public ::testing::TestWithParam<FakeKind> {
 protected:
  RunTest() : scene_(GetParam()) {}

  void expect_whole(const std::string& volume) {
    EXPECT_EQ(scene_.what_is_wrong(volume, scene_.replica(volume)), "") << volume;
  }
  static void expect_all(const RunReport& report, Outcome outcome) {
    for (const VolumeOutcome& volume : report.volumes) {
      EXPECT_EQ(to_string(volume.outcome), to_string(outcome)) << volume.reason;
    }
    EXPECT_THAT(report.warnings, IsEmpty());
  }
  bool zfs() const { return GetParam() == FakeKind::Zfs; }

  Scene scene_;
};

INSTANTIATE_TEST_SUITE_P(All, RunTest, ::testing::Values(FakeKind::Zfs, FakeKind::Btrfs),
                         [](const auto& kind) {
                           return kind.param == FakeKind::Zfs ? "Zfs" : "Btrfs";
                         });

TEST_P(RunTest, BacksUpEveryVolumeThatThePatternsCover) {
  scene_.make("a");
  scene_.make("b", "other");
  const RunReport report = scene_.run();
  ASSERT_THAT(report.volumes, SizeIs(2));
  expect_all(report, Outcome::Sent);
  EXPECT_EQ(report.snapshot, "snapferry_main_2026-03-01T12:01:00Z");
  EXPECT_EQ(report.volumes[0].snapshot, report.snapshot);
  EXPECT_EQ(report.volumes[0].base, "");
  EXPECT_EQ(report.volumes[0].reason, "full: the store has no snapshot of it");
  EXPECT_GT(report.volumes[0].bytes, 0u);
  EXPECT_EQ(report.bytes(), report.volumes[0].bytes + report.volumes[1].bytes);
  expect_whole("a");
  expect_whole("b");
}

TEST_P(RunTest, SendsWhatChangedAndOnlyOfThoseThatChanged) {
  scene_.make("a");
  scene_.make("b");
  const std::string first = scene_.run().snapshot;
  scene_.write("a", "two");
  const RunReport report = scene_.run();
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[0].base, "@" + first);
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Unchanged);
  EXPECT_EQ(report.volumes[1].snapshot, first);
  EXPECT_EQ(report.volumes[1].bytes, 0u);
  expect_whole("a");
  expect_whole("b");
}

// A listing on either side and one record on the store is all that it costs.
TEST_P(RunTest, WithoutChangesCostsThreeCalls) {
  scene_.make("a");
  scene_.make("b");
  scene_.run();
  testing::FaultPlan counter(0);
  const RunReport report = scene_.run(counter);
  expect_all(report, Outcome::Unchanged);
  EXPECT_EQ(report.snapshot, "");
  EXPECT_EQ(counter.operations(), 3u);
}

TEST_P(RunTest, RemembersInTheStoreWhatWasAskedForAndNeverArrived) {
  const auto awaited = [&] {
    testing::FakeStore store(scene_.disk);
    const auto found = store.expectations("web1");
    const auto main = found.contains("web1") ? found.at("web1").awaited
                                             : std::map<std::string, std::set<std::string>>();
    return main.contains("main") ? main.at("main") : std::set<std::string>();
  };
  const std::string a = scene_.name("a"), b = scene_.name("b");
  scene_.make("a");
  scene_.options.patterns = {b};
  scene_.options.dry_run = true;
  EXPECT_ERROR(scene_.run(), ErrorKind::NotFound);
  EXPECT_TRUE(awaited().empty());
  scene_.options.dry_run = false;
  EXPECT_ERROR(scene_.run(), ErrorKind::NotFound);
  EXPECT_EQ(awaited(), std::set<std::string>{b});
  // Another job of the same set asks for another volume, and that arrives.
  scene_.options.patterns = {a};
  scene_.run();
  EXPECT_EQ(awaited(), std::set<std::string>{b});
  scene_.make("b");
  scene_.options.patterns = {a, b};
  scene_.run();
  EXPECT_TRUE(awaited().empty());
}

TEST_P(RunTest, HasBeenAskedForWhatIsInterruptedInItsFirstTransfer) {
  struct LookingStore : testing::FakeStore {
    using FakeStore::FakeStore;
    void receive(const ReceiveRequest& request, Stream& stream) override {
      awaited_before = expectations("web1").contains("web1");
      FakeStore::receive(request, stream);
    }
    bool awaited_before = false;
  };
  scene_.make("a");
  testing::FakeSource source(scene_.host);
  LookingStore store(scene_.disk);
  scene_.run(source, store);
  EXPECT_TRUE(store.awaited_before);
  EXPECT_TRUE(store.expectations("").empty());
}

// Neither where the other disk is up to date, nor where it is away and its cursor stays behind.
TEST_P(RunTest, WithoutChangesCostsNoSettlementThoughAnotherDiskSharesTheSet) {
  if (!zfs()) GTEST_SKIP() << "needs holds";
  testing::FakeDisk other(GetParam());
  testing::FakeSource source(scene_.host);
  testing::FakeStore store(other);
  const auto expect_rest = [&](Store& disk, const char* when) {
    scene_.host.before_change = [&](const char* verb) { ADD_FAILURE() << when << ": " << verb; };
    EXPECT_EQ(scene_.run(source, disk).volumes.at(0).outcome, Outcome::Unchanged);
    scene_.host.before_change = nullptr;
  };
  testing::FakeStore first(scene_.disk);
  scene_.make("a");
  scene_.run();
  scene_.run(source, store);
  expect_rest(first, "both have the same");
  expect_rest(store, "both have the same");
  scene_.write("a", "two");
  scene_.run();
  expect_rest(first, "the other is behind");
  scene_.run(source, store);
  expect_rest(store, "both have the newest");
  expect_rest(first, "both have the newest");
}

TEST_P(RunTest, AwaitsWhatItsOwnSetLacksThoughAnotherHasIt) {
  const std::string a = scene_.name("a");
  scene_.make("a");
  scene_.run();
  testing::FakeStore store(scene_.disk);
  scene_.options.set = "offsite";
  scene_.options.patterns = {a};
  scene_.options.dry_run = false;
  EXPECT_EQ(record_unreached(store, scene_.options), "");
  EXPECT_EQ(store.expectations("").at("web1").awaited.at("offsite"), std::set<std::string>{a});
  scene_.run();
  EXPECT_TRUE(store.expectations("").empty());
}

TEST_P(RunTest, SaysThatAVolumeWhichFailsIsRetired) {
  const std::string gone = scene_.name("gone");
  testing::FakeStore store(scene_.disk);
  store.change_expectations("web1", {.retire = {{"main", {{gone, {}}}}}});
  scene_.make("a");
  scene_.options.patterns = {scene_.name("a"), gone};
  const auto report = scene_.run();
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_TRUE(report.warnings[0].starts_with(gone + ": is retired")) << report.warnings[0];
  EXPECT_FALSE(store.expectations("").at("web1").awaited.contains("main"));
}

// The source may be dead for years.
TEST_P(RunTest, FromAStoreProvesNoMoreThanThatOneKnows) {
  scene_.make("a");
  scene_.run();
  const auto seen = [&](testing::FakeDisk& disk) {
    return testing::FakeStore(disk).inventory("web1").at(0).seen_unchanged;
  };
  testing::FakeDisk second(GetParam());
  testing::FakeStore first(scene_.disk), store(second);
  StoreSource source(first, "web1");
  scene_.options.take_nothing = true;
  for (int run = 0; run < 2; ++run) scene_.run(source, store);
  EXPECT_TRUE(seen(second).empty()) << "no run ever found the volume itself unchanged";
  first.record_unchanged("main", 12345, {{"web1", scene_.name("a")}});
  scene_.run(source, store);
  EXPECT_EQ(seen(second), (std::vector<std::pair<std::string, std::int64_t>>{{"main", 12345}}));
}

TEST_P(RunTest, RecordsWhatItFoundUnchanged) {
  scene_.make("a");
  scene_.make("b");
  scene_.run();
  scene_.write("b", "two");
  const RunReport report = scene_.run();
  testing::FakeStore store(scene_.disk);
  const auto replicas = store.inventory("web1");
  EXPECT_THAT(replicas.at(0).seen_unchanged, ElementsAre(std::pair("main", report.started)));
  EXPECT_THAT(replicas.at(1).seen_unchanged, IsEmpty());
}

TEST_P(RunTest, WithoutKnowingWhatWasWrittenSendsEachTime) {
  scene_.make("a");
  scene_.host.written_is_unknown = true;
  scene_.run();
  expect_all(scene_.run(), Outcome::Sent);
  expect_whole("a");
}

TEST_P(RunTest, FerriesSnapshotsOfOthers) {
  scene_.make("a");
  scene_.run();
  scene_.host.snapshot(scene_.name("a"), "hourly");
  scene_.write("a", "two");
  scene_.host.snapshot(scene_.name("a"), "daily");
  scene_.write("a", "three");
  scene_.run();
  const auto points = scene_.disk.points(scene_.replica("a"));
  ASSERT_THAT(points, SizeIs(4));
  EXPECT_EQ(points[1].name, "hourly");
  EXPECT_EQ(points[2].name, "daily");
  EXPECT_THAT(scene_.points("a"), ::testing::Contains("@hourly"));
  expect_whole("a");
}

TEST_P(RunTest, LeavesSnapshotsOfOthersByChoice) {
  scene_.options.history = History::Own;
  scene_.make("a");
  scene_.run();
  scene_.host.snapshot(scene_.name("a"), "hourly");
  scene_.write("a", "two");
  scene_.run();
  EXPECT_THAT(scene_.disk.points(scene_.replica("a")), SizeIs(2));
  expect_whole("a");
}

TEST_P(RunTest, OneFailureStopsNoOther) {
  scene_.make("a");
  scene_.make("b");
  scene_.make("c");
  scene_.run();
  for (const char* volume : {"a", "b", "c"}) scene_.write(volume, "two");
  scene_.host.destroy(scene_.name("b"));
  scene_.make("b", "anew");
  const RunReport report = scene_.run();
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[2].outcome, Outcome::Sent);
  expect_whole("a");
  expect_whole("c");
  if (zfs()) {
    EXPECT_EQ(report.volumes[1].outcome, Outcome::Conflict);
    EXPECT_EQ(report.volumes[1].conflict, ConflictKind::NoCommonSnapshot);
    EXPECT_EQ(report.unsuccessful(), 1u);
    EXPECT_THAT(scene_.points("b"), IsEmpty());
  } else {
    EXPECT_EQ(report.volumes[1].outcome, Outcome::Sent);
    EXPECT_THAT(report.volumes[1].warning, HasSubstr("set aside"));
    EXPECT_EQ(scene_.disk.replicas().size(), 4u);
    expect_whole("b");
  }
}

// Backed up, restored beside, swapped, rolled back: every run ends with a whole copy.
TEST_P(RunTest, GoesOnIncrementallyAfterARollbackToWhatTheStoreHas) {
  scene_.make("a");
  scene_.run();
  const std::string kept = scene_.disk.points(scene_.replica("a")).back().name;
  scene_.write("a", "two");
  scene_.host.rollback(scene_.name("a"), kept);
  scene_.write("a", "three");
  const RunReport report = scene_.run();
  expect_all(report, Outcome::Sent);
  EXPECT_EQ(report.volumes[0].base, "@" + kept);
  expect_whole("a");
}

// The pool is away, or the disk: a run that saved nothing has not succeeded.
TEST_P(RunTest, APatternThatCoversNothingIsAFailureUnlessAllowed) {
  scene_.make("a");
  const std::string away = scene_.name("away/**");
  scene_.options.patterns.push_back(away);
  const RunReport report = scene_.run();
  ASSERT_THAT(report.volumes, SizeIs(2));
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[1].volume, away);
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Failed);
  EXPECT_EQ(report.volumes[1].error, ErrorKind::NotFound);
  EXPECT_THAT(report.volumes[1].reason, HasSubstr("covers no volume"));
  scene_.options.patterns = {away};
  EXPECT_EQ(scene_.run().unsuccessful(), 1u);
  scene_.options.allow_empty = true;
  EXPECT_EQ(scene_.run().unsuccessful(), 0u);
}

TEST_P(RunTest, TakesNothingAndLeavesTheSourceAloneByChoice) {
  scene_.make("a");
  scene_.host.snapshot(scene_.name("a"), "one");
  scene_.write("a", "two");
  scene_.host.snapshot(scene_.name("a"), "two");
  scene_.write("a", "three");
  const auto before = scene_.points("a");
  scene_.options.take_nothing = true;
  expect_all(scene_.run(), Outcome::Sent);
  expect_all(scene_.run(), Outcome::Unchanged);
  EXPECT_EQ(scene_.points("a"), before);
  EXPECT_TRUE(scene_.host.tags(scene_.name("a")).empty());
  EXPECT_THAT(scene_.disk.points(scene_.replica("a")), SizeIs(2));
}

TEST_P(RunTest, APatternThatCannotBeListedStopsNoOther) {
  scene_.make("a");
  scene_.make("b");
  scene_.options.patterns = {scene_.name("a"), scene_.name("nowhere"), scene_.name("b")};
  const RunReport report = scene_.run();
  ASSERT_THAT(report.volumes, SizeIs(3));
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[2].volume, scene_.name("nowhere"));
  EXPECT_EQ(report.volumes[2].outcome, Outcome::Failed);
  EXPECT_EQ(report.volumes[2].error, ErrorKind::NotFound);
  EXPECT_THAT(report.volumes[2].reason, HasSubstr(scene_.name("nowhere")));
  expect_whole("a");
  expect_whole("b");

  scene_.options.patterns = {scene_.name("nowhere"), scene_.name("neither")};
  EXPECT_ERROR(scene_.run(), ErrorKind::NotFound);
}

TEST_P(RunTest, StartsAnewBesideTheOldReplicaOnRequest) {
  scene_.make("a");
  scene_.run();
  scene_.host.destroy(scene_.name("a"));
  scene_.make("a", "anew");
  scene_.options.start_anew = true;
  const RunReport report = scene_.run();
  expect_all(report, Outcome::Sent);
  EXPECT_THAT(report.volumes[0].steps, ::testing::Contains(StartsWith("the old replica is now")));
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(2));
  expect_whole("a");
  scene_.write("a", "two");
  scene_.run();
  expect_whole("a");
}

TEST_P(RunTest, GivesTheCopyOfARenamedVolumeItsNewName) {
  scene_.make("a");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.write("b", "two");
  for (int round = 0; round < 2; ++round) {
    const RunReport report = scene_.run();
    ASSERT_THAT(report.volumes, SizeIs(1));
    EXPECT_EQ(report.volumes[0].volume, scene_.name("b"));
    EXPECT_EQ(report.volumes[0].replica, scene_.replica("b"));
    EXPECT_EQ(report.volumes[0].renamed_from, round == 0 ? scene_.name("a") : "");
    EXPECT_EQ(report.volumes[0].outcome, round == 0 ? Outcome::Sent : Outcome::Unchanged);
    EXPECT_NE(report.volumes[0].base, round == 0 ? "" : "@");
    EXPECT_EQ(scene_.what_is_wrong("b", scene_.replica("b")), "");
  }
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(1));
  EXPECT_THAT(scene_.disk.points(scene_.replica("b")), SizeIs(2));
}

TEST_P(RunTest, ARenamedVolumeThatDidNotChangeGetsItsNewNameToo) {
  scene_.make("a");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.options.dry_run = true;
  EXPECT_EQ(scene_.run().volumes.at(0).renamed_from, scene_.name("a"));
  EXPECT_EQ(scene_.disk.replicas(), std::vector{scene_.replica("a")});
  scene_.options.dry_run = false;
  expect_all(scene_.run(), Outcome::Unchanged);
  EXPECT_EQ(scene_.disk.replicas(), std::vector{scene_.replica("b")});
}

TEST_P(RunTest, ANewVolumeWithTheNameOfARenamedOneGetsAPlaceOfItsOwn) {
  scene_.make("a", "old");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.make("a", "new");
  for (const char* content : {"two", "three"}) {
    scene_.write("a", content);
    scene_.write("b", content);
    expect_all(scene_.run(), Outcome::Sent);
    for (const char* volume : {"a", "b"}) {
      EXPECT_EQ(scene_.what_is_wrong(volume, scene_.replica(volume)), "") << volume;
    }
  }
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(2));
}

TEST_P(RunTest, GivesANewVolumeItsPlaceWhereTheRenamedOneIsNotInTheRun) {
  scene_.make("a", "old");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.make("a", "new");
  scene_.write("b", "two");
  scene_.options.patterns = {scene_.name("b")};
  EXPECT_EQ(scene_.run().volumes.at(0).replica, scene_.replica("b"));
  scene_.options.patterns = {scene_.name("a")};
  EXPECT_EQ(scene_.run().volumes.at(0).outcome, Outcome::Sent);
  EXPECT_EQ(scene_.what_is_wrong("a", scene_.replica("a")), "");
  EXPECT_EQ(scene_.what_is_wrong("b", scene_.replica("b")), "");
}

TEST_P(RunTest, ANewVolumeGetsItsPlaceThoughTheRenamedOneIsNotInTheRun) {
  scene_.make("a", "old");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.make("a", "new");
  scene_.options.patterns = {scene_.name("a")};
  const RunReport report = scene_.run();
  EXPECT_EQ(report.volumes.at(0).outcome, Outcome::Sent) << report.volumes.at(0).reason;
  EXPECT_EQ(report.volumes.at(0).warning, "");
  EXPECT_THAT(report.warnings,
              ::testing::ElementsAre(::testing::HasSubstr("is not part of this run")));
  EXPECT_EQ(scene_.what_is_wrong("a", scene_.replica("a")), "");
  EXPECT_THAT(scene_.disk.points(scene_.replica("b")), SizeIs(1));
}

// As after a restore beside the volume, where another store's run removed the common snapshot.
TEST_P(RunTest, ACopyOfAVolumeThatIsStillThereDoesNotTakeItsReplica) {
  scene_.make("a", "one");
  scene_.run();
  const auto theirs = scene_.disk.points(scene_.replica("a"));
  scene_.host.duplicate(scene_.name("a"), scene_.name("copy"));
  for (const Point& point : scene_.host.points(scene_.name("a"))) {
    scene_.host.remove(scene_.name("a"), point);
  }
  scene_.write("a", "two");
  for (const auto* volume : {"a", "copy"}) {
    scene_.options.patterns = {scene_.name(volume)};
    const RunReport report = scene_.run();
    EXPECT_EQ(report.volumes.at(0).renamed_from, "");
    EXPECT_THAT(report.warnings, IsEmpty());
  }
  EXPECT_EQ(scene_.what_is_wrong("copy", scene_.replica("copy")), "");
  // Of a subvolume it is set aside under its name, and begun anew.
  const auto kept = zfs() ? scene_.replica("a") : scene_.replica("a.diverged-1");
  EXPECT_EQ(scene_.disk.points(kept), theirs);
}

TEST_P(RunTest, TwoThatSwappedTheirNamesSwapTheirPlaces) {
  scene_.make("a", "one");
  scene_.make("b", "two");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("c"));
  scene_.host.rename(scene_.name("b"), scene_.name("a"));
  scene_.host.rename(scene_.name("c"), scene_.name("b"));
  scene_.write("a", "three");
  const RunReport report = scene_.run();
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_EQ(report.volumes.at(0).renamed_from, scene_.name("b"));
  EXPECT_EQ(report.volumes.at(1).renamed_from, scene_.name("a"));
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(2));
  for (const char* volume : {"a", "b"}) {
    EXPECT_EQ(scene_.what_is_wrong(volume, scene_.replica(volume)), "") << volume;
  }
}

// As one behind an agent of an older version is.
class Immovable : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  void move(const VolumeName&, const VolumeName&) override {
    throw Error(ErrorKind::Unsupported, "its agent cannot give a copy another name");
  }
};

TEST_P(RunTest, WhereACopyCannotGetItsNewNameTheVolumeGoesOnUnderTheOldOne) {
  scene_.make("a");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.write("b", "two");
  testing::FakeSource source(scene_.host);
  Immovable store(scene_.disk);
  const RunReport report = scene_.run(source, store);
  EXPECT_THAT(report.warnings, ::testing::ElementsAre(::testing::HasSubstr("could not get")));
  EXPECT_EQ(report.volumes.at(0).replica, scene_.replica("a"));
  EXPECT_EQ(report.volumes.at(0).renamed_from, "");
  EXPECT_EQ(scene_.what_is_wrong("b", scene_.replica("a")), "");
}

// Somebody is receiving into a copy, so many times that it is to be moved.
class Busy : public testing::FakeStore {
 public:
  Busy(testing::FakeDisk& disk, int times) : FakeStore(disk), times_(times) {}
  void move(const VolumeName& from, const VolumeName& to) override {
    if (times_-- > 0) throw Error(ErrorKind::Busy, from.text() + ": another run is receiving");
    FakeStore::move(from, to);
  }

 private:
  int times_;
};

TEST_P(RunTest, WhereACopyCannotGetItsNewNameNobodyIsTakenForItsVolume) {
  scene_.make("a", "old");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.make("a", "new");
  testing::FakeSource source(scene_.host);
  Busy always(scene_.disk, 1000);
  const auto before = scene_.disk.points(scene_.replica("a"));
  const RunReport report = scene_.run(source, always);
  for (const VolumeOutcome& outcome : report.volumes) {
    EXPECT_EQ(outcome.outcome, Outcome::Failed);
    EXPECT_THAT(outcome.reason, ::testing::HasSubstr("could not get its new name"));
    EXPECT_EQ(outcome.error, ErrorKind::Busy);
  }
  EXPECT_EQ(scene_.disk.points(scene_.replica("a")), before);
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(1));
  // It may come to an end while the run waits.
  Busy twice(scene_.disk, 2);
  EXPECT_EQ(scene_.run(source, twice).unsuccessful(), 0u);
  for (const char* volume : {"a", "b"}) {
    EXPECT_EQ(scene_.what_is_wrong(volume, scene_.replica(volume)), "") << volume;
  }
}

TEST_P(RunTest, AsksWhetherAVolumeOutsideThePatternsIsStillThere) {
  scene_.make("a");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.write("b", "two");
  scene_.options.patterns = {scene_.name("b")};
  EXPECT_EQ(scene_.run().volumes.at(0).replica, scene_.replica("b"));

  // A copy of a volume that is still there is no renamed one.
  scene_.host.duplicate(scene_.name("b"), scene_.name("a"));
  scene_.host.duplicate(scene_.name("b"), scene_.name("c"));
  scene_.options.patterns = {scene_.name("c")};
  EXPECT_EQ(scene_.run().volumes.at(0).replica, scene_.replica("c"));
}

// Lists a volume by the name that is asked for, as a second mount of a subvolume does.
class TwoPaths : public testing::FakeSource {
 public:
  TwoPaths(testing::FakeHost& host, std::string name, std::string other)
      : FakeSource(host), name_(std::move(name)), other_(std::move(other)) {}
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override {
    if (patterns != std::vector{other_}) return FakeSource::inventory(patterns);
    auto states = FakeSource::inventory({name_});
    states.at(0).name = other_;
    return states;
  }

 private:
  std::string name_, other_;
};

TEST_P(RunTest, TakesAVolumeThatHasTwoPathsForOne) {
  scene_.make("a");
  scene_.run();
  scene_.host.rename(scene_.name("a"), scene_.name("b"));
  scene_.options.patterns = {scene_.name("b")};
  TwoPaths source(scene_.host, scene_.name("b"), scene_.name("a"));
  for (const char* content : {"two", "three"}) {
    scene_.write("b", content);
    testing::FakeStore store(scene_.disk);
    EXPECT_EQ(scene_.run(source, store).volumes.at(0).replica, scene_.replica("a"));
    EXPECT_EQ(scene_.what_is_wrong("b", scene_.replica("a")), "");
  }
}

TEST_P(RunTest, SkipsWhatIsExcluded) {
  scene_.make("a");
  scene_.host.set_excluded(scene_.name("a"), true);
  const RunReport report = scene_.run();
  expect_all(report, Outcome::Skipped);
  EXPECT_THAT(scene_.points("a"), IsEmpty());
}

TEST_P(RunTest, DryRunChangesNothingAndTellsThePlan) {
  scene_.make("a");
  scene_.run();
  scene_.write("a", "two");
  scene_.make("b");
  const auto before = scene_.points("a");
  scene_.options.dry_run = true;
  const RunReport report = scene_.run();
  expect_all(report, Outcome::Planned);
  EXPECT_EQ(scene_.points("a"), before);
  EXPECT_THAT(scene_.disk.replicas(), SizeIs(1));
  const std::string text = plan_text(report.decisions, report.plans);
  EXPECT_THAT(text, HasSubstr("take a snapshot: 4096 bytes were written since"));
  EXPECT_THAT(text, HasSubstr("incremental: @snapferry_main_2026-03-01T12:01:00Z is the newest"));
  EXPECT_THAT(report.volumes[1].steps,
              ElementsAre("send @snapferry_main_2026-03-01T12:02:00Z: full: the store has no "
                          "snapshot of it"));
}

TEST_P(RunTest, FindsAFreeNameWhenTheClockWasTurnedBack) {
  scene_.make("a");
  const std::string first = scene_.run().snapshot;
  scene_.write("a", "two");
  scene_.clock.advance({-60});
  EXPECT_EQ(scene_.run().snapshot, "snapferry_main_2026-03-01T12:01:01Z");
  expect_whole("a");
  EXPECT_EQ(first, "snapferry_main_2026-03-01T12:01:00Z");
}

TEST_P(RunTest, TwoSetsAreApart) {
  testing::FakeDisk other(GetParam());
  scene_.make("a");
  scene_.run();
  scene_.write("a", "two");
  scene_.options.set = "other";
  testing::FakeSource source(scene_.host);
  testing::FakeStore store(other);
  scene_.run(source, store);
  scene_.options.set = "main";
  scene_.write("a", "three");
  scene_.run();
  expect_whole("a");
  scene_.options.set = "other";
  EXPECT_EQ(scene_.run(source, store).volumes.at(0).outcome, Outcome::Sent);
  EXPECT_EQ(scene_.run(source, store).volumes.at(0).outcome, Outcome::Unchanged);
  scene_.options.set = "main";
  // What the other one has of the same state comes along, and neither needs another.
  EXPECT_EQ(scene_.run().snapshot, "");
  EXPECT_EQ(scene_.run().volumes.at(0).outcome, Outcome::Unchanged);
  scene_.options.set = "other";
  EXPECT_EQ(scene_.run(source, store).volumes.at(0).outcome, Outcome::Unchanged);
  const auto theirs = other.points(scene_.replica("a"));
  EXPECT_TRUE(is_of_set(theirs.back().name, "other"));
  EXPECT_EQ(other.files_of(scene_.replica("a"), other.points(scene_.replica("a")).back().name),
            scene_.host.files(scene_.name("a")));
}

TEST_P(RunTest, TwoDisksInRotationShareASet) {
  if (!zfs()) GTEST_SKIP() << "needs holds";
  testing::FakeDisk other(GetParam());
  testing::FakeSource source(scene_.host);
  testing::FakeStore store(other);
  scene_.make("a");
  for (int round = 0; round < 3; ++round) {
    scene_.write("a", "round " + std::to_string(round));
    EXPECT_EQ(scene_.run().volumes.at(0).outcome, Outcome::Sent);
    scene_.write("a", "between " + std::to_string(round));
    EXPECT_EQ(scene_.run(source, store).volumes.at(0).outcome, Outcome::Sent);
  }
  EXPECT_THAT(scene_.host.tags(scene_.name("a")), SizeIs(2));
}

TEST_P(RunTest, GoesOnFromTheBookmarkWhenTheSnapshotIsGone) {
  if (!zfs()) GTEST_SKIP() << "needs bookmarks";
  scene_.make("a");
  scene_.run();
  for (const Point& point : scene_.host.points(scene_.name("a"))) {
    if (point.kind == PointKind::Snapshot) scene_.host.remove(scene_.name("a"), point);
  }
  scene_.host.snapshot(scene_.name("a"), "hourly");
  scene_.write("a", "two");
  const RunReport report = scene_.run();
  EXPECT_THAT(report.volumes.at(0).base, StartsWith("#snapferry_main_"));
  expect_whole("a");
}

TEST_P(RunTest, SendsRawWhatIsEncryptedUnlessItIsToBeDecrypted) {
  if (!zfs()) GTEST_SKIP() << "needs encryption";
  scene_.make("a");
  scene_.host.set_encryption(scene_.name("a"), true, false);
  scene_.options.raw = RawPolicy::Decrypt;
  const RunReport refused = scene_.run();
  EXPECT_EQ(refused.volumes.at(0).conflict, ConflictKind::KeyNotLoaded);
  EXPECT_THAT(scene_.points("a"), IsEmpty());
  scene_.options.raw = RawPolicy::AsReplica;
  expect_all(scene_.run(), Outcome::Sent);
  scene_.write("a", "two");
  expect_all(scene_.run(), Outcome::Sent);
  expect_whole("a");
}

TEST_P(RunTest, TriesAgainWhatBrokeOffAndWaitsOnlyBetween) {
  scene_.make("a", std::string(5000, 'x'));
  testing::FaultPlan faults(testing::FaultedStream::First);
  const RunReport report = scene_.run(faults);
  expect_all(report, Outcome::Sent);
  EXPECT_EQ(scene_.waiter.waits(), 1);
  if (zfs()) {
    EXPECT_THAT(report.volumes[0].steps, ::testing::Contains(HasSubstr("resume @")));
  }
  expect_whole("a");
}

TEST_P(RunTest, GivesUpAfterAFewTriesAndCarriesOnNextTime) {
  scene_.make("a", std::string(5000, 'x'));
  testing::FaultPlan faults(5, testing::FaultRepeat::FromThereOn);
  const RunReport report = scene_.run(faults);
  ASSERT_THAT(report.volumes, SizeIs(1));
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Failed);
  EXPECT_EQ(report.volumes[0].error, ErrorKind::Unavailable);
  EXPECT_THAT(report.volumes[0].reason, StartsWith(scene_.name("a") + ": injected fault"));
  EXPECT_EQ(scene_.run().snapshot, "");
  expect_whole("a");
}

// What another run is receiving into the same replica is nobody's leftover.
TEST_P(RunTest, LeavesAReceiveAloneThatIsUnderWay) {
  class Receiving : public testing::FakeStore {
   public:
    using FakeStore::FakeStore;
    std::vector<ReplicaState> inventory(const std::string& host) override {
      auto replicas = FakeStore::inventory(host);
      for (auto& replica : replicas) replica.partial.emplace();
      return replicas;
    }
    void abort_partial(const VolumeName& volume) override {
      throw Error(ErrorKind::Busy, volume.text() + ": another run is receiving this volume");
    }
  };
  scene_.make("a");
  scene_.run();
  testing::FakeSource source(scene_.host);
  Receiving store(scene_.disk);
  expect_all(scene_.run(source, store), Outcome::Unchanged);
}

TEST_P(RunTest, ResumesInALaterRunAndBringsTheNewestToo) {
  scene_.make("a", std::string(5000, 'x'));
  scene_.options.attempts = 1;
  testing::FaultPlan faults(testing::FaultedStream::First);
  EXPECT_EQ(scene_.run(faults).volumes[0].outcome, Outcome::Failed);
  EXPECT_TRUE(scene_.disk.has_partial(scene_.replica("a")));
  scene_.write("a", "two");
  expect_all(scene_.run(), Outcome::Sent);
  EXPECT_THAT(scene_.disk.points(scene_.replica("a")), SizeIs(zfs() ? 2 : 1));
  expect_whole("a");
}

// sanoid#304: a token that never gets anywhere.
TEST_P(RunTest, DiscardsATokenThatGetsNowhere) {
  if (!zfs()) GTEST_SKIP() << "needs resumable streams";
  class Stuck : public testing::FakeSource {
   public:
    using FakeSource::FakeSource;
    std::unique_ptr<Stream> send(const StreamRequest& request) override {
      if (request.resume_token.empty()) return FakeSource::send(request);
      throw Error(kind, "cannot resume send");
    }
    ErrorKind kind = ErrorKind::Unavailable;
  };
  for (const ErrorKind kind : {ErrorKind::Unavailable, ErrorKind::NotFound}) {
    Scene scene;
    scene.make("a", std::string(5000, 'x'));
    scene.options.attempts = 1;
    testing::FaultPlan faults(testing::FaultedStream::First);
    scene.run(faults);
    ASSERT_TRUE(scene.disk.has_partial(scene.replica("a")));
    scene.options.attempts = 3;
    Stuck source(scene.host);
    source.kind = kind;
    testing::FakeStore store(scene.disk);
    expect_all(scene.run(source, store), Outcome::Sent);
    EXPECT_EQ(scene.what_is_wrong("a", scene.replica("a")), "");
  }
}

TEST_P(RunTest, EndsWhenItIsCancelledAndSettlesWhatIsDone) {
  class Cancelling : public testing::FakeStore {
   public:
    Cancelling(testing::FakeDisk& disk, Cancellation& cancellation)
        : FakeStore(disk), cancellation_(cancellation) {}
    void receive(const ReceiveRequest& request, Stream& stream) override {
      FakeStore::receive(request, stream);
      cancellation_.request();
    }

   private:
    Cancellation& cancellation_;
  };
  Cancellation cancellation;
  scene_.make("a");
  scene_.make("b");
  scene_.options.parallel = 1;
  scene_.options.cancellation = &cancellation;
  testing::FakeSource source(scene_.host);
  Cancelling store(scene_.disk, cancellation);
  const RunReport report = scene_.run(source, store);
  EXPECT_TRUE(report.cancelled);
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Failed);
  EXPECT_EQ(report.volumes[1].error, ErrorKind::Cancelled);
  expect_whole("a");
  EXPECT_ERROR(scene_.run(), ErrorKind::Cancelled);
}

TEST_P(RunTest, CountsProgressPerVolumeAndInSum) {
  RunProgress progress;
  scene_.options.progress = &progress;
  scene_.make("a", std::string(5000, 'x'));
  scene_.make("b");
  const RunReport report = scene_.run();
  EXPECT_EQ(progress.bytes(), report.bytes());
  EXPECT_EQ(progress.volumes(), 2u);
  EXPECT_EQ(progress.volumes_done(), 2u);
  EXPECT_THAT(progress.active(), IsEmpty());
}

TEST_P(RunTest, ObeysARateLimit) {
  scene_.make("a", std::string(100'000, 'x'));
  scene_.options.bytes_per_second = 10'000;
  const RunReport report = scene_.run();
  EXPECT_NEAR(report.volumes.at(0).seconds, 10, 1);
}

TEST_P(RunTest, ReceivesAVolumeBeforeThoseBelowItAtFirst) {
  class Watching : public testing::FakeStore {
   public:
    using FakeStore::FakeStore;
    void receive(const ReceiveRequest& request, Stream& stream) override {
      FakeStore::receive(request, stream);
      const std::lock_guard lock(mutex_);
      order.push_back(request.volume.path);
    }
    std::vector<std::string> order;

   private:
    std::mutex mutex_;
  };
  for (const char* volume : {"a/b/c", "a", "a/b", "ab"}) scene_.make(volume);
  scene_.options.patterns = {scene_.name("a") + "/**", scene_.name("ab")};
  scene_.options.parallel = 4;
  testing::FakeSource source(scene_.host);
  Watching store(scene_.disk);
  expect_all(scene_.run(source, store), Outcome::Sent);
  const auto at = [&](const char* volume) {
    return std::find(store.order.begin(), store.order.end(), scene_.name(volume));
  };
  EXPECT_LT(at("a"), at("a/b"));
  EXPECT_LT(at("a/b"), at("a/b/c"));
}

TEST_P(RunTest, RefusesWhatCannotBeRun) {
  scene_.make("a");
  scene_.options.set = "two words";
  EXPECT_ERROR(scene_.run(), ErrorKind::InvalidArgument);
  scene_.options.set = "main";
  scene_.options.host = "";
  EXPECT_ERROR(scene_.run(), ErrorKind::InvalidArgument);
  scene_.options.host = "web1";
  scene_.options.patterns = {};
  EXPECT_ERROR(scene_.run(), ErrorKind::InvalidArgument);
  scene_.options.patterns = {scene_.name("nowhere")};
  EXPECT_ERROR(scene_.run(), ErrorKind::NotFound);
}

TEST_P(RunTest, TakesAnotherNameWhenAnotherRunBeganInTheSameSecond) {
  class Racing : public testing::FakeSource {
   public:
    Racing(testing::FakeHost& host, std::string volume)
        : FakeSource(host), host_(host), volume_(std::move(volume)) {}
    Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override {
      if (!std::exchange(raced_, true)) host_.snapshot(volume_, name);
      return FakeSource::freeze(volumes, name);
    }

   private:
    testing::FakeHost& host_;
    const std::string volume_;
    bool raced_ = false;
  };
  scene_.make("a");
  Racing source(scene_.host, scene_.name("a"));
  testing::FakeStore store(scene_.disk);
  const RunReport report = scene_.run(source, store);
  expect_all(report, Outcome::Sent);
  EXPECT_EQ(report.snapshot, "snapferry_main_2026-03-01T12:01:01Z");
  expect_whole("a");
}

TEST_P(RunTest, WarnsWhenTheSourceCouldNotBeTidiedUp) {
  scene_.make("a");
  scene_.run();
  scene_.write("a", "two");
  scene_.host.before_change = [](const char*) {
    throw Error(ErrorKind::Unavailable, "the connection was lost");
  };
  const RunReport report = scene_.run();
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent);
  ASSERT_THAT(report.warnings, SizeIs(1));
  scene_.host.before_change = nullptr;
  if (zfs()) expect_all(scene_.run(), Outcome::Unchanged);
  scene_.run();
  expect_whole("a");
}

}  // namespace
}  // namespace snapferry::replication
