// A second tier: what a store has goes on into another one, and the first tier never notices.

#include "replication/store_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replication/test_scene.h"
#include "testing/errors.h"

namespace snapferry::replication {
namespace {

using testing::FakeDisk;
using testing::FakeStore;

class SecondTier : public ::testing::TestWithParam<testing::FakeKind> {
 protected:
  SecondTier() : scene_(GetParam()), far_(GetParam()) {
    scene_.make("a");
    back_up("one");
    back_up("two");
  }

  void back_up(const std::string& content) {
    scene_.write("a", content);
    scene_.run();
  }

  RunReport send_on(const std::string& pattern) {
    FakeStore near(scene_.disk);
    FakeStore far(far_);
    StoreSource source(near, "web1");
    RunOptions options = scene_.options;
    options.patterns = {pattern};
    options.take_nothing = true;
    return replication::run(source, far, options);
  }
  RunReport send_on() { return send_on(scene_.name("*")); }

  Scene scene_;
  FakeDisk far_;
};

INSTANTIATE_TEST_SUITE_P(All, SecondTier,
                         ::testing::Values(testing::FakeKind::Zfs, testing::FakeKind::Btrfs),
                         [](const auto& kind) {
                           return kind.param == testing::FakeKind::Zfs ? "Zfs" : "Btrfs";
                         });

TEST_P(SecondTier, HasTheWholeHistoryUnderTheSameName) {
  const auto before = scene_.disk.points(scene_.replica("a"));
  const RunReport report = send_on();
  ASSERT_EQ(report.volumes.size(), 1u);
  EXPECT_EQ(to_string(report.volumes[0].outcome), "sent") << report.volumes[0].reason;
  EXPECT_EQ(report.snapshot, "");
  const auto there = far_.points(scene_.replica("a"));
  ASSERT_EQ(there.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(there[i].guid, before[i].guid);
    EXPECT_EQ(far_.files_of(scene_.replica("a"), there[i].name),
              scene_.disk.files_of(scene_.replica("a"), before[i].name));
  }
}

TEST_P(SecondTier, TakesNothingInTheFirstWhichGoesOnIncrementally) {
  const auto before = scene_.disk.points(scene_.replica("a"));
  send_on();
  EXPECT_EQ(scene_.disk.points(scene_.replica("a")), before);
  back_up("three");
  EXPECT_EQ(scene_.what_is_wrong("a", scene_.replica("a")), "");
  const RunReport report = send_on();
  EXPECT_EQ(report.volumes.at(0).base, "@" + before.back().name);
  EXPECT_EQ(to_string(send_on().volumes.at(0).outcome), "unchanged");
}

TEST_P(SecondTier, DoesNotSendOnWhatIsNoLongerWhatWasBackedUp) {
  send_on();
  const auto before = far_.points(scene_.replica("a"));
  scene_.make("b");
  back_up("three");
  scene_.disk.change(scene_.replica("a"), "@x was found damaged by verify");
  const RunReport report = send_on();
  ASSERT_EQ(report.volumes.size(), 2u);
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Conflict);
  EXPECT_EQ(report.volumes[0].conflict, ConflictKind::SourceChanged);
  EXPECT_THAT(report.volumes[0].reason, ::testing::HasSubstr("@x was found damaged by verify"));
  EXPECT_EQ(far_.points(scene_.replica("a")), before);
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Sent);
}

TEST_P(SecondTier, HasWhatTheFirstSetAsideAndItsSuccessorUnderTheSameNames) {
  send_on();
  const auto before = far_.points(scene_.replica("a"));
  scene_.disk.change(scene_.replica("a"), "@x was found damaged by verify");
  back_up("three");  // begins anew
  const VolumeName aside{"web1", scene_.name("a") + ".diverged-1"};
  const RunReport report = send_on();
  ASSERT_EQ(report.volumes.size(), 2u);
  EXPECT_EQ(report.volumes[0].outcome, Outcome::Sent) << report.volumes[0].reason;
  EXPECT_EQ(report.volumes[1].outcome, Outcome::Conflict);
  EXPECT_EQ(far_.points(aside), before);
  EXPECT_EQ(scene_.disk.points(scene_.replica("a")).back().guid,
            far_.points(scene_.replica("a")).back().guid);
}

TEST_P(SecondTier, NamesAVolumeThatTheFirstDoesNotHave) {
  EXPECT_ERROR(send_on(scene_.name("b")), ErrorKind::NotFound);
}

}  // namespace
}  // namespace snapferry::replication
