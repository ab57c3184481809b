#include "cli/native_store.h"

#include <gtest/gtest.h>

#include "replication/test_scene.h"

namespace snapferry::cli {
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
  static bool is_there_after_prune(Scene& scene, bool dry_run = false) {
    NativeStore store(std::make_unique<Kind>(scene.disk), scene.clock, "web1");
    (void)store.snapshots(nullptr);
    repository::CollectOptions options;
    options.dry_run = dry_run;
    EXPECT_FALSE(store.collect(options));
    return scene.disk.has_partial(scene.replica("a"));
  }
};

TEST_F(Leftover, GoesWithAPruneWhereNobodyCanCarryItOn) {
  Scene scene(testing::FakeKind::Btrfs);
  leave(scene);
  EXPECT_TRUE(is_there_after_prune<testing::FakeStore>(scene, true));
  EXPECT_FALSE(is_there_after_prune<testing::FakeStore>(scene));
}

TEST_F(Leftover, StaysWhereTheNextRunCarriesItOn) {
  Scene scene(testing::FakeKind::Zfs);
  leave(scene);
  EXPECT_TRUE(is_there_after_prune<testing::FakeStore>(scene));
}

TEST_F(Leftover, OfAReceiveThatIsUnderWayIsNone) {
  Scene scene(testing::FakeKind::Btrfs);
  leave(scene);
  EXPECT_TRUE(is_there_after_prune<BusyStore>(scene));
}

}  // namespace
}  // namespace snapferry::cli
