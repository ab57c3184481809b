// A volume that other tools rolled back is backed up again: whatever they leave in the place of our
// snapshots, and from the newest common snapshot wherever one can be reached.

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/snapshot_place.h"
#include "btrfs/test_place.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string name(int number) {
  return "snapferry_t_2026-01-01T00:00:0" + std::to_string(number) + "Z";
}

class Rollback : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = std::make_unique<BtrfsPlace>();
    place_->make("a");
    place_->write("a", "file", "one");
  }

  std::string root() const { return place_->path("a"); }
  std::string ours() const { return place_->path(".snapferry"); }

  Point freeze(int number) {
    const auto result = source_.freeze({place_->volume("a")}, name(number));
    if (result.frozen.empty()) throw Error(ErrorKind::Internal, result.failed.at(0).message);
    return result.frozen[0].snapshot;
  }
  std::vector<Point> points() { return source_.inventory({place_->volume("a")}).at(0).points; }

  // As snapper and Timeshift do it, and people.
  void replace_by_copy_of(const std::string& from) {
    BtrfsImage::btrfs({"subvolume", "snapshot", from, place_->path("copy")});
    fs::rename(root(), place_->path("bad"));
    fs::rename(place_->path("copy"), root());
  }
  void destroy(const Point& point) {
    Settlement settlement;
    settlement.volume = place_->volume("a");
    settlement.destroy = {point};
    EXPECT_TRUE(source_.settle({settlement}).empty());
  }

  std::unique_ptr<BtrfsPlace> place_;
  BtrfsSource source_;
};

// An empty directory with the inode 2.
TEST_F(Rollback, ReplacesTheStubThatACopyHasInPlaceOfASubvolume) {
  BtrfsImage::btrfs({"subvolume", "create", root() + "/.snapferry"});
  BtrfsImage::btrfs({"subvolume", "snapshot", root(), place_->path("b")});
  struct stat status {};
  ASSERT_EQ(::stat((place_->path("b") + "/.snapferry").c_str(), &status), 0);
  ASSERT_EQ(status.st_ino, 2u);
  fs::rename(place_->path("b"), place_->image() / "mounted");
  const auto place = SnapshotPlace{place_->image() / "mounted", kOwnBasename};
  EXPECT_TRUE(open_snapshot_place(place).valid());
  ASSERT_EQ(::stat((place_->image() / "mounted/.snapferry").c_str(), &status), 0);
  EXPECT_EQ(status.st_ino, 256u);
}

TEST_F(Rollback, MakesItsOwnSubvolumeWritableAgain) {
  freeze(1);
  BtrfsImage::btrfs({"property", "set", ours(), "ro", "true"});
  freeze(2);
  EXPECT_EQ(points().size(), 2u);
}

TEST_F(Rollback, ReplacesAnEmptyDirectoryAndUsesOneWithContent) {
  fs::create_directory(ours());
  freeze(1);
  struct stat status {};
  ASSERT_EQ(::stat(ours().c_str(), &status), 0);
  EXPECT_EQ(status.st_ino, 256u);
  BtrfsImage::btrfs({"subvolume", "delete", ours() + "/a/" + name(1)});
  BtrfsImage::btrfs({"subvolume", "delete", ours()});
  fs::create_directories(ours() + "/kept");
  freeze(2);
  EXPECT_TRUE(fs::exists(ours() + "/kept"));
  EXPECT_EQ(points().size(), 1u);
}

TEST_F(Rollback, NamesASymlinkOrAFileInThePlaceOfItsSnapshots) {
  fs::create_directory_symlink("/tmp", ours());
  EXPECT_THROW(freeze(1), Error);
  fs::remove(ours());
  std::ofstream(ours()) << "x";
  const auto result = source_.freeze({place_->volume("a")}, name(1));
  ASSERT_EQ(result.failed.size(), 1u);
  EXPECT_THAT(result.failed[0].message, HasSubstr("is no directory"));
}

TEST_F(Rollback, ToACopyMadeInTimeGoesOnFromWhatWasTakenBefore) {
  const Point first = freeze(1);
  place_->write("a", "file", "two");
  BtrfsImage::btrfs({"subvolume", "snapshot", root(), place_->path("copy")});
  place_->write("a", "file", "a mistake");
  const Point second = freeze(2);
  fs::rename(root(), place_->path("bad"));
  fs::rename(place_->path("copy"), root());
  const auto found = points();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].guid, first.guid);
  // They were taken of the other, which lives on and settles them.
  destroy(first);
  destroy(second);
  EXPECT_TRUE(fs::exists(ours() + "/a/" + name(1)));
  EXPECT_TRUE(fs::exists(ours() + "/a/" + name(2)));
}

TEST_F(Rollback, ToOneOfOurSnapshotsGoesOnFromIt) {
  const Point first = freeze(1);
  place_->write("a", "file", "two");
  freeze(2);
  replace_by_copy_of(ours() + "/a/" + name(1));
  const auto found = points();
  ASSERT_GE(found.size(), 1u);
  EXPECT_EQ(found[0].guid, first.guid);
}

TEST_F(Rollback, ACopyBesideAVolumeThatLivesOnHasAHistoryOfItsOwn) {
  freeze(1);
  BtrfsImage::btrfs({"subvolume", "snapshot", root(), place_->path("b")});
  EXPECT_TRUE(source_.inventory({place_->volume("b")}).at(0).points.empty());
}

// Relative to it the copy would become another than the volume.
TEST_F(Rollback, CountsNoSnapshotThatWasChanged) {
  freeze(1);
  place_->write("a", "file", "two");
  freeze(2);
  const auto changed = ours() + "/a/" + name(1);
  const auto set_flags = [&](std::uint64_t flags) {
    const platform::Fd fd(::open(changed.c_str(), O_RDONLY));
    ASSERT_EQ(::ioctl(fd.get(), BTRFS_IOC_SUBVOL_SETFLAGS, &flags), 0);
  };
  set_flags(0);
  set_flags(BTRFS_SUBVOL_RDONLY);
  EXPECT_EQ(points().size(), 2u) << "a flag is no change";
  set_flags(0);
  let_clock_tick();
  std::ofstream(changed + "/file") << "by hand";
  set_flags(BTRFS_SUBVOL_RDONLY);
  const auto found = points();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, name(2));
}

TEST_F(Rollback, ASnapshotTakenWhileAnUnlinkedFileIsOpenCountsAsItWas) {
  const platform::Fd open(::open((root() + "/gone").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(::write(open.get(), "x", 1), 1);
  fs::remove(root() + "/gone");
  const Point first = freeze(1);
  BtrfsImage::btrfs({"filesystem", "sync", place_->image().path()});
  ASSERT_EQ(points().size(), 1u);
  EXPECT_EQ(points()[0].guid, first.guid);
}

}  // namespace
}  // namespace snapferry::btrfs
