// No path of a volume leads through a symlink, whoever made it: not where a snapshot is taken, and
// not where a volume is made.

#include <filesystem>

#include <gmock/gmock.h>

#include "btrfs/snapshot_place.h"
#include "btrfs/test_place.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
namespace fs = std::filesystem;

class Unfollowed : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = std::make_unique<BtrfsPlace>();
    place_->make("a");
    fs::create_directory(place_->path("victim"));
    fs::create_directory(place_->path("given"));
    fs::create_directory_symlink("../victim", place_->path("given/r"));
  }

  std::string through() const { return "btrfs:" + place_->path("given/r/new"); }
  void expect_untouched() const { EXPECT_TRUE(fs::is_empty(place_->path("victim"))); }

  std::unique_ptr<BtrfsPlace> place_;
};

TEST_F(Unfollowed, IsTheWayToANewVolume) {
  BtrfsTarget target;
  EXPECT_ERROR(target.require_free(through()), ErrorKind::NotFound);
  EXPECT_ERROR(target.prepare(through()), ErrorKind::NotFound);
  const auto store = place_->store();
  const auto source = place_->source();
  const Point point = source->freeze({place_->volume("a")}, "snapferry_t_2026-01-01T00:00:01Z")
                          .frozen.at(0)
                          .snapshot;
  StreamRequest request;
  request.volume = place_->volume("a");
  request.to = point;
  const auto stream = source->send(request);
  EXPECT_ERROR(target.restore(through(), VolumeType::Subvolume, request, *stream, nullptr, nullptr),
               ErrorKind::NotFound);
  expect_untouched();
}

TEST_F(Unfollowed, IsTheWayToSnapshots) {
  const SnapshotPlace place{place_->path("given/r"), "new"};
  EXPECT_ERROR(open_snapshot_place(place), ErrorKind::NotFound);
  EXPECT_ERROR(rehearse_snapshot_place(place), ErrorKind::NotFound);
  expect_untouched();
  fs::create_directories(place_->path("victim/.snapferry/new"));
  EXPECT_FALSE(find_snapshot_place(place).valid());
}

}  // namespace
}  // namespace snapferry::btrfs
