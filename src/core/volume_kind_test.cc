#include "core/volume_kind.h"

#include <gtest/gtest.h>

namespace snapferry {
namespace {

TEST(LocalName, IsSplitAtItsFirstColon) {
  EXPECT_EQ(split_local_name("zfs:tank/a:b").kind, "zfs");
  EXPECT_EQ(split_local_name("zfs:tank/a:b").name, "tank/a:b");
  EXPECT_EQ(split_local_name("btrfs:").kind, "btrfs");
  EXPECT_EQ(split_local_name("btrfs:").name, "");
}

TEST(LocalName, WithoutAColonIsItsKindAlone) {
  EXPECT_EQ(split_local_name("zfs").kind, "zfs");
  EXPECT_EQ(split_local_name("zfs").name, "");
}

TEST(VolumeKind, IsNativeForDatasetsAndSubvolumesAlone) {
  EXPECT_EQ(native_kind_of("zfs:tank/home"), VolumeKind::Zfs);
  EXPECT_EQ(native_kind_of("btrfs:/home"), VolumeKind::Btrfs);
  for (const auto* other :
       {"/home", "/zfs:tank", "stdin:zfs", "zfs", "tree:/home", "repo:/srv", ""}) {
    EXPECT_EQ(native_kind_of(other), std::nullopt) << other;
  }
}

TEST(VolumeKind, IsFoundByTheNameThatItHas) {
  for (const auto kind : {VolumeKind::Zfs, VolumeKind::Btrfs}) {
    EXPECT_EQ(find_native_kind(kind_name(kind)), kind);
  }
  EXPECT_EQ(find_native_kind(kind_name(VolumeKind::Tree)), std::nullopt);
}

}  // namespace
}  // namespace snapferry
