// What once did not fit into the store stands in the way of nothing that does.

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "replication/run.h"
#include "replication/test_scene.h"

namespace snapferry::replication {
namespace {

using testing::FakeKind;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Has no room for some snapshots.
class SmallStore : public testing::FakeStore {
 public:
  using FakeStore::FakeStore;
  void receive(const ReceiveRequest& request, Stream& stream) override {
    bool fits = !too_large.contains(request.stream.to.name);
    for (const Point& point : request.stream.intermediates) fits &= !too_large.contains(point.name);
    if (!fits) throw Error(ErrorKind::NoSpace, "the store is full");
    FakeStore::receive(request, stream);
  }
  std::set<std::string> too_large;
};

class NoRoom : public ::testing::TestWithParam<FakeKind> {
 protected:
  NoRoom() : scene(GetParam()), source(scene.host), store(scene.disk) {
    scene.make("a");
    scene.run();
  }
  RunReport run() { return scene.run(source, store); }
  // The next run's snapshot is too large.
  void fail_once() {
    scene.write("a", "large");
    store.too_large.insert("snapferry_main_2026-03-01T12:02:00Z");
    const RunReport report = run();
    ASSERT_EQ(report.snapshot, *store.too_large.begin());
    ASSERT_EQ(report.volumes.at(0).error, ErrorKind::NoSpace);
  }

  Scene scene;
  testing::FakeSource source;
  SmallStore store;
};

INSTANTIATE_TEST_SUITE_P(All, NoRoom, ::testing::Values(FakeKind::Zfs, FakeKind::Btrfs),
                         [](const auto& kind) {
                           return kind.param == FakeKind::Zfs ? "Zfs" : "Btrfs";
                         });

TEST_P(NoRoom, SendsTheNewestAloneAndSaysSo) {
  fail_once();
  scene.write("a", "small");
  const RunReport report = run();
  ASSERT_THAT(report.volumes, SizeIs(1));
  EXPECT_EQ(to_string(report.volumes[0].outcome), to_string(Outcome::Sent))
      << report.volumes[0].reason;
  EXPECT_THAT(report.volumes[0].warning,
              HasSubstr("of the 2 snapshots that the store lacks, only the newest"));
  EXPECT_EQ(scene.what_is_wrong("a", scene.replica("a")), "");
  // What never arrived is not kept for ever.
  const std::vector<Point> points = source.inventory({scene.name("a")}).at(0).points;
  for (const Point& point : points) {
    EXPECT_FALSE(store.too_large.contains(point.name));
  }
}

TEST_P(NoRoom, FailsWhereTheNewestDoesNotFitEither) {
  fail_once();
  const RunReport report = run();
  EXPECT_EQ(report.volumes.at(0).error, ErrorKind::NoSpace);
  EXPECT_EQ(to_string(report.volumes.at(0).outcome), to_string(Outcome::Failed));
}

// They are asked for, and nobody but their owner says that they are too many.
TEST_P(NoRoom, LeavesOutNothingWhereNoSnapshotOfTheSetWaits) {
  scene.host.snapshot(scene.name("a"), "theirs1");
  scene.host.snapshot(scene.name("a"), "theirs2");
  store.too_large = {"theirs1"};
  scene.options.take_nothing = true;
  const RunReport report = run();
  EXPECT_EQ(report.volumes.at(0).error, ErrorKind::NoSpace);
  EXPECT_EQ(to_string(report.volumes.at(0).outcome), to_string(Outcome::Failed));
}

}  // namespace
}  // namespace snapferry::replication
