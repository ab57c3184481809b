// A volume that was received and then made writable in the old way lends its received_uuid to its
// read-only snapshots: no two states of it may pass for one.

#include <fstream>
#include <set>

#include <fcntl.h>
#include <gmock/gmock.h>

#include "btrfs/subvolume.h"
#include "btrfs/test_place.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using ::testing::SizeIs;

std::string name(int number) {
  return "snapferry_t_2026-01-01T00:00:0" + std::to_string(number) + "Z";
}

class BorrowedIdentity : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = std::make_unique<BtrfsPlace>();
    place_->make("a");
    const platform::Fd volume = platform::open_path(place_->path("a"), O_RDONLY | O_DIRECTORY);
    const Guid received = Guid::from_number(42);
    set_received(volume.get(), received, 1, {}, "a");
    ASSERT_EQ(describe(volume.get(), "a").received_uuid, received);
    place_->write("a", "file", "one");
  }

  Point freeze(int number) {
    const auto result = source_.freeze({place_->volume("a")}, name(number));
    if (result.frozen.empty()) throw Error(ErrorKind::Internal, result.failed.at(0).message);
    return result.frozen[0].snapshot;
  }
  std::vector<Point> points() { return source_.inventory({place_->volume("a")}).at(0).points; }

  std::unique_ptr<BtrfsPlace> place_;
  BtrfsSource source_;
};

TEST_F(BorrowedIdentity, IsNotThatOfSnapshotsThatWeTake) {
  const Point one = freeze(1);
  place_->write("a", "file", "two");
  const Point two = freeze(2);
  EXPECT_NE(one.guid, two.guid);
  ASSERT_THAT(points(), SizeIs(2));
  EXPECT_EQ(points()[1].guid, two.guid);
  const platform::Fd snapshot =
      platform::open_path(place_->path(".snapferry/a/" + name(2)), O_RDONLY | O_DIRECTORY);
  EXPECT_TRUE(describe(snapshot.get(), "2").read_only);
}

TEST_F(BorrowedIdentity, IsNoneOfTheHistoryWhereOthersTookTheSnapshot) {
  BtrfsImage::btrfs({"subvolume", "snapshot", "-r", place_->path("a"), place_->path("theirs")});
  EXPECT_THAT(points(), SizeIs(0));
}

TEST_F(BorrowedIdentity, IsRightlyThatOfACopyOfWhatNobodyChanged) {
  const platform::Fd volume = platform::open_path(place_->path("a"), O_RDONLY | O_DIRECTORY);
  BtrfsImage::btrfs({"subvolume", "snapshot", "-r", place_->path("a"), place_->path("kept")});
  const platform::Fd kept = platform::open_path(place_->path("kept"), O_RDONLY | O_DIRECTORY);
  EXPECT_TRUE(describe(kept.get(), "kept").has_borrowed_identity());
  EXPECT_FALSE(describe(volume.get(), "a").has_borrowed_identity());
}

}  // namespace
}  // namespace snapferry::btrfs
