#include "core/volume_path.h"

#include <gtest/gtest.h>

namespace snapferry {
namespace {

TEST(HostPath, IsThatOfTreesAndSubvolumes) {
  EXPECT_EQ(host_path({"web", "/home"}), "/home");
  EXPECT_EQ(host_path({"web", "btrfs:/home"}), "/home");
}

TEST(HostPath, IsUnknownOfStreamsAndDatasets) {
  EXPECT_EQ(host_path({"web", "stdin:dump"}), "");
  EXPECT_EQ(host_path({"web", "zfs:tank/home"}), "");
}

TEST(TidyPath, HasOneSlashBetweenParts) {
  EXPECT_EQ(tidy_path("/a//./b/"), "a/b");
  EXPECT_EQ(tidy_path("a/../b"), "a/../b");
  for (const char* root : {"", "/", ".", "./", "//"}) EXPECT_EQ(tidy_path(root), "") << root;
}

}  // namespace
}  // namespace snapferry
