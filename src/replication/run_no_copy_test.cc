// A volume that the store has no copy of is never called unchanged, whatever the source says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/plan.h"
#include "replication/run.h"
#include "replication/test_scene.h"

namespace snapferry::replication {
namespace {

using testing::FakeKind;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Something that removes each snapshot as soon as it was taken, or a source that lies.
class RemovedAtOnce : public testing::FakeSource {
 public:
  using FakeSource::FakeSource;
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override {
    auto volumes = FakeSource::inventory(patterns);
    for (VolumeState& volume : volumes) volume.points.clear();
    return volumes;
  }
};

class TakesNoneAndSaysNothing : public testing::FakeSource {
 public:
  using FakeSource::FakeSource;
  Freeze freeze(const std::vector<std::string>&, const std::string&) override { return {}; }
};

class NoCopy : public ::testing::TestWithParam<FakeKind> {
 protected:
  NoCopy() : scene(GetParam()), store(scene.disk) { scene.make("a"); }

  void expect_failure(const RunReport& report, ErrorKind kind, const std::string& words) {
    ASSERT_THAT(report.volumes, SizeIs(1));
    EXPECT_EQ(to_string(report.volumes[0].outcome), to_string(Outcome::Failed));
    EXPECT_EQ(report.volumes[0].error, kind);
    EXPECT_THAT(report.volumes[0].reason, HasSubstr(words));
    EXPECT_EQ(report.unsuccessful(), 1u);
  }

  Scene scene;
  testing::FakeStore store;
};

INSTANTIATE_TEST_SUITE_P(All, NoCopy, ::testing::Values(FakeKind::Zfs, FakeKind::Btrfs),
                         [](const auto& kind) {
                           return kind.param == FakeKind::Zfs ? "Zfs" : "Btrfs";
                         });

TEST_P(NoCopy, FailsWhereTheNewSnapshotIsGoneAgain) {
  RemovedAtOnce source(scene.host);
  expect_failure(scene.run(source, store), ErrorKind::NotFound, "is gone again");
}

TEST_P(NoCopy, FailsWhereTheSourceNeitherFreezesNorSaysWhy) {
  TakesNoneAndSaysNothing source(scene.host);
  expect_failure(scene.run(source, store), ErrorKind::Corrupt, "nor said why not");
}

TEST_P(NoCopy, FailsWhereNoSnapshotIsToBeTakenAndThereIsNone) {
  scene.options.take_nothing = true;
  expect_failure(scene.run(), ErrorKind::NotFound, "neither the volume nor the store");
}

}  // namespace
}  // namespace snapferry::replication
