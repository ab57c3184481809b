#include "core/volume_address.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

void expect_address(std::string_view text, std::string_view remote, VolumeKind kind,
                    std::string_view name) {
  const auto address = VolumeAddress::parse(text);
  EXPECT_EQ(address.remote, remote) << text;
  EXPECT_EQ(address.kind, kind) << text;
  EXPECT_EQ(address.name, name) << text;
  EXPECT_EQ(address.text(), text);
}

TEST(VolumeAddress, IsANativeVolumeOrATreeHereOrOnAHost) {
  expect_address("zfs:tank/home", "", VolumeKind::Zfs, "tank/home");
  expect_address("root@web1:zfs:tank/**", "root@web1", VolumeKind::Zfs, "tank/**");
  expect_address("web1:btrfs:/home", "web1", VolumeKind::Btrfs, "/home");
  expect_address("root@[fe80::1]:zfs:tank", "root@[fe80::1]", VolumeKind::Zfs, "tank");
  expect_address("/etc", "", VolumeKind::Tree, "/etc");
  expect_address("web1:/etc", "web1", VolumeKind::Tree, "/etc");
  expect_address("relative/with:colon", "", VolumeKind::Tree, "relative/with:colon");
}

TEST(VolumeAddress, OfATreeNeedsItsKindOnlyWhereItsPathReadsAsAnAddress) {
  EXPECT_EQ(VolumeAddress::parse("tree:/etc").text(), "/etc");
  expect_address("tree:zfs:tank", "", VolumeKind::Tree, "zfs:tank");
}

TEST(VolumeAddress, KnowsItsHostWithoutTheUser) {
  EXPECT_EQ(VolumeAddress::parse("root@web1:zfs:tank").host(), "web1");
  EXPECT_EQ(VolumeAddress::parse("web1:zfs:tank").local_text(), "zfs:tank");
}

TEST(VolumeAddress, IsNoRepositoryAndNothingMalformed) {
  for (const char* text : {"repo:/srv/backups", "", "zfs:", "-oProxyCommand=x:zfs:tank"}) {
    EXPECT_ERROR(VolumeAddress::parse(text), ErrorKind::InvalidArgument);
  }
}

}  // namespace
}  // namespace snapferry
