// What the drivers say that they open, on real mounts: tests/ runs an agent that opens no more.

#include "btrfs/reach.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

#include "testing/btrfs_image.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using testing::ExtraMount;

class ReachTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    image_.emplace();
    for (const auto* name : {"@", "@home", "@home/nested"}) {
      BtrfsImage::btrfs({"subvolume", "create", *image_ / name});
    }
  }

  static bool reaches(const std::vector<ReachedPath>& paths, const std::string& path, Reach reach) {
    return std::ranges::find(paths, ReachedPath{path, reach}) != paths.end();
  }
  std::string device() const {
    return BtrfsImage::run({"findmnt", "-n", "-o", "SOURCE", image_->path()});
  }
  std::string source() const {
    auto text = device();
    return text.substr(0, text.find_first_of("[\n"));
  }

  std::optional<BtrfsImage> image_;
};

TEST_F(ReachTest, OfAVolumeThatIsAMountPointIsWithinItself) {
  const auto paths = reach_of_source({"btrfs:" + image_->path()});
  EXPECT_TRUE(reaches(paths, image_->path(), Reach::List));
  EXPECT_TRUE(reaches(paths, image_->path(), Reach::Directories));
  EXPECT_EQ(paths.size(), 2u) << "nothing of the directory that it is mounted in";
}

TEST_F(ReachTest, OfAVolumeIsWhereItsParentHoldsOurSnapshots) {
  const auto home = *image_ / "@home";
  const auto before = reach_of_source({"btrfs:" + home});
  EXPECT_TRUE(reaches(before, image_->path(), Reach::Directories)) << "makes .snapferry there";
  std::filesystem::create_directory(*image_ / ".snapferry");
  const auto after = reach_of_source({"btrfs:" + home});
  EXPECT_TRUE(reaches(after, *image_ / ".snapferry", Reach::Directories));
  EXPECT_FALSE(reaches(after, image_->path(), Reach::Directories));
}

TEST_F(ReachTest, OfNestedMountsOfOneFilesystemIsInTheParent) {
  const ExtraMount root({"-o", "subvol=@", source()});
  std::filesystem::create_directory(root.path() + "/home");
  BtrfsImage::run({"mount", "-o", "subvol=@home", source(), root.path() + "/home"});
  const auto paths = reach_of_source({"btrfs:" + root.path() + "/home"});
  BtrfsImage::run({"umount", root.path() + "/home"});
  EXPECT_TRUE(reaches(paths, root.path(), Reach::Directories));
  EXPECT_TRUE(reaches(paths, image_->path(), Reach::List)) << "snapshots may be seen there alone";
}

TEST_F(ReachTest, OfAStoreIsItsIdentityAndOneHost) {
  EXPECT_EQ(reach_of_store("/srv/backup/", "web1"),
            (std::vector<ReachedPath>{{"/srv/backup/.snapferry-store", Reach::Read},
                                      {"/srv/backup/web1", Reach::Write}}));
}

TEST_F(ReachTest, OfATargetIsWhereTheSnapshotsOfANewVolumeBelong) {
  const auto fresh = reach_of_target({"btrfs:" + (*image_ / "new")});
  EXPECT_TRUE(reaches(fresh, image_->path(), Reach::List));
  EXPECT_TRUE(reaches(fresh, *image_ / ".snapferry/new", Reach::Write));
  const auto taken = reach_of_target({"btrfs:" + (*image_ / "@home")});
  EXPECT_EQ(std::ranges::count(taken, Reach::Write, &ReachedPath::reach), 0);
  const auto several = reach_of_target({"btrfs:" + (*image_ / "*")});
  EXPECT_EQ(several, (std::vector<ReachedPath>{{image_->path(), Reach::Write}}));
}

TEST_F(ReachTest, MakesNothing) {
  const auto before = testing::describe_tree(image_->path());
  (void)reach_of_source({"btrfs:" + (*image_ / "@home"), "btrfs:" + image_->path() + "/**"});
  (void)reach_of_store(image_->path(), "web1");
  (void)reach_of_target({"btrfs:" + (*image_ / "new"), "btrfs:" + (*image_ / "*")});
  EXPECT_EQ(testing::describe_tree(image_->path()), before);
}

}  // namespace
}  // namespace snapferry::btrfs
