#include "btrfs/mount_table.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "btrfs/mount_calls.h"
#include "testing/btrfs_image.h"
#include "testing/refused_calls.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

// Ids are those of the namespace.
std::vector<Mount> without_ids(std::vector<Mount> mounts) {
  for (auto& mount : mounts) mount.id = 0;
  return mounts;
}

class MountTable : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    if (!ask_for_mounts()) GTEST_SKIP() << "needs Linux 6.8";
  }
};

TEST_F(MountTable, OfTheKernelIsThatOfProc) {
  const BtrfsImage image;
  BtrfsImage::btrfs({"subvolume", "create", image / "@home"});
  const testing::ExtraMount extra({"--bind", image / "@home"});
  const auto asked = *ask_for_mounts();
  EXPECT_EQ(asked, read_mounts());
  const auto found = std::ranges::find(asked, extra.path(), &Mount::point);
  ASSERT_NE(found, asked.end());
  EXPECT_EQ(found->root, "/@home");
}

TEST_F(MountTable, IsReadWithoutProc) {
  const BtrfsImage image;
  const std::vector<Mount> before = without_ids(read_mounts());
  const bool ran = testing::without_proc([&] {
    EXPECT_EQ(without_ids(read_mounts()), before);
    EXPECT_TRUE(on_one_btrfs(image.path(), image / "."));
  });
  if (!ran) GTEST_SKIP() << "needs a mount namespace";
}

}  // namespace
}  // namespace snapferry::btrfs
