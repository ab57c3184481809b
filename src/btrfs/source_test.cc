// What only a source on btrfs does; tests/ and the contract suite have the rest.

#include "btrfs/source.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/btrfs_image.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

TEST(BtrfsSource, FreezesNothingBehindASymlink) {
  if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
  const BtrfsImage image;
  std::filesystem::create_directory(image / "secret");
  BtrfsImage::btrfs({"subvolume", "create", image / "secret/keys"});
  BtrfsImage::btrfs({"subvolume", "create", image / "home"});
  std::filesystem::create_directory_symlink(image / "secret", image / "home/link");
  std::filesystem::create_directory_symlink(image / "secret/keys", image / "home/keys");
  BtrfsSource source;
  for (const auto* volume : {"home/link/keys", "home/keys"}) {
    const auto result =
        source.freeze({"btrfs:" + (image / volume)}, "snapferry_t_2026-01-01T00:00:00Z");
    EXPECT_TRUE(result.frozen.empty()) << volume;
    ASSERT_EQ(result.failed.size(), 1u) << volume;
    EXPECT_THAT(result.failed[0].message, ::testing::HasSubstr("symlink")) << volume;
  }
  EXPECT_FALSE(std::filesystem::exists(image / "secret/.snapferry"));
  EXPECT_FALSE(std::filesystem::exists(image / "home/.snapferry"));
}

}  // namespace
}  // namespace snapferry::btrfs
