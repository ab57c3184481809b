#include "stores/native_store.h"

#include <gtest/gtest.h>

#include "replication/test_scene.h"

namespace snapferry::stores {
namespace {

using replication::Scene;

// Somebody is receiving: the kernel says so by a lock.
class BusyStore : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  void abort_partial(const VolumeName& volume) override {
    throw Error(ErrorKind::Busy, volume.text() + ": another run is receiving this volume");
  }
};

// A client began to send a volume, and never returned.
class Leftover : public ::testing::Test {
 protected:
  static void leave(Scene& scene) {
    scene.make("a", std::string(5000, 'x'));
    scene.options.attempts = 1;
    testing::FaultPlan faults(testing::FaultedStream::First);
    (void)scene.run(faults);
    ASSERT_TRUE(scene.disk.has_partial(scene.replica("a")));
  }
  template <class Kind>
  static bool is_there_after_prune(Scene& scene) {
    NativeStore store(std::make_unique<Kind>(scene.disk), scene.clock, "web1");
    (void)store.snapshots(nullptr);
    const auto discarded = store.discard_leftovers();
    const bool is_there = scene.disk.has_partial(scene.replica("a"));
    EXPECT_EQ(discarded.size(), is_there ? 0u : 1u);
    return is_there;
  }
};

TEST_F(Leftover, GoesWithAPruneWhereNobodyCanCarryItOn) {
  Scene scene(testing::FakeKind::Btrfs);
  leave(scene);
  EXPECT_FALSE(is_there_after_prune<testing::FakeStore>(scene));
}

TEST_F(Leftover, StaysWhereTheNextRunCarriesItOn) {
  Scene scene(testing::FakeKind::Zfs);
  leave(scene);
  EXPECT_TRUE(is_there_after_prune<testing::FakeStore>(scene));
}

// As a store whose clock says that nobody came back for long enough.
class PatientStore : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  bool give_up_partial(const VolumeName& volume) override {
    abort_partial(volume);
    return true;
  }
};

TEST_F(Leftover, GoesWithAPruneWhereTheStoreGaveItsClientUp) {
  Scene scene(testing::FakeKind::Zfs);
  leave(scene);
  EXPECT_FALSE(is_there_after_prune<PatientStore>(scene));
}

TEST_F(Leftover, OfAReceiveThatIsUnderWayIsNone) {
  Scene scene(testing::FakeKind::Btrfs);
  leave(scene);
  EXPECT_TRUE(is_there_after_prune<BusyStore>(scene));
}

// Whose own clock says when each run began, a day after another until now.
class WitnessingStore : public testing::FakeStore {
 public:
  WitnessingStore(testing::FakeDisk& disk, std::int64_t now) : FakeStore(disk), now_(now) {}
  std::vector<ReplicaState> inventory(const std::string& host) override {
    auto states = FakeStore::inventory(host);
    for (auto& state : states) {
      auto seen = now_;
      for (auto point = state.points.rbegin(); point != state.points.rend(); ++point) {
        point->seen = seen;
        seen -= 86400;
      }
    }
    return states;
  }

 private:
  std::int64_t now_;
};

TEST(NativeTimes, AreThoseThatTheStoreSawWhereTheHostsClockIsAYearBehind) {
  Scene scene(testing::FakeKind::Btrfs);
  scene.make("a");
  for (const char* state : {"one", "two", "three"}) {
    scene.write("a", state);
    (void)scene.run();
  }
  scene.clock.advance({365 * 86400});
  const auto now = scene.clock.now().seconds;
  NativeStore store(std::make_unique<WitnessingStore>(scene.disk, now), scene.clock, "web1");
  const auto snapshots = store.snapshots(nullptr);
  ASSERT_EQ(snapshots.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto taken = store.time_for_rules(snapshots[i]);
    EXPECT_EQ(taken.time.seconds, now - (2 - static_cast<std::int64_t>(i)) * 86400);
    EXPECT_TRUE(taken.is_known);
  }
}

}  // namespace
}  // namespace snapferry::stores
