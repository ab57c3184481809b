#include "core/store_address.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

void expect_directory(std::string_view text, std::string_view directory) {
  const auto address = StoreAddress::parse(text);
  EXPECT_EQ(address.kind, StoreKind::Repository) << text;
  EXPECT_FALSE(address.is_remote()) << text;
  EXPECT_EQ(address.name, directory) << text;
  EXPECT_EQ(address.text(), "repo:" + std::string(directory));
}

TEST(StoreAddress, IsADirectoryWithOrWithoutItsKind) {
  expect_directory("repo:/srv/backups", "/srv/backups");
  expect_directory("/srv/backups/", "/srv/backups/");
  expect_directory("repo:backups", "backups");
  expect_directory("./a:b", "./a:b");
  expect_directory("repo:a:b", "a:b");
}

TEST(StoreAddress, IsAPlaceForNativeSnapshotsHereOrOnAHost) {
  const auto here = StoreAddress::parse("btrfs:/mnt/backup");
  EXPECT_EQ(here.kind, StoreKind::Btrfs);
  EXPECT_EQ(native_kind_of(here.kind), VolumeKind::Btrfs);
  EXPECT_EQ(here.text(), "btrfs:/mnt/backup");
  const auto there = StoreAddress::parse("root@nas:zfs:backup/snapferry");
  EXPECT_EQ(there.kind, StoreKind::Zfs);
  EXPECT_EQ(there.host(), "nas");
  EXPECT_EQ(there.local_text(), "zfs:backup/snapferry");
  EXPECT_EQ(there.text(), "root@nas:zfs:backup/snapferry");
}

TEST(StoreAddress, OfAnotherKindOrMachineIsRefused) {
  for (const char* text :
       {"root@nas:repo:/srv", "nas:/srv", "repo:sftp://nas/backups", "s3://bucket", "tree:/srv"}) {
    EXPECT_ERROR(StoreAddress::parse(text), ErrorKind::Unsupported);
  }
}

TEST(StoreAddress, ThatIsEmptyOrMalformedIsRefused) {
  for (const char* text : {"repo:", "", "zfs:", "btrfs:relative", ":zfs:tank"}) {
    EXPECT_ERROR(StoreAddress::parse(text), ErrorKind::InvalidArgument);
  }
}

TEST(StoreAddress, AtTheVolumeOfTheSameNameIsOfItsKind) {
  EXPECT_EQ(StoreAddress::at(VolumeAddress::parse("web1:zfs:tank")).text(), "web1:zfs:tank");
  EXPECT_ERROR(StoreAddress::at(VolumeAddress::parse("/srv")), ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace snapferry
