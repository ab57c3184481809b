#include "core/address.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

void expect_address(std::string_view text, std::string_view remote, AddressKind kind,
                    std::string_view name) {
  const Address address = Address::parse(text);
  EXPECT_EQ(address.remote, remote) << text;
  EXPECT_EQ(address.kind, kind) << text;
  EXPECT_EQ(address.name, name) << text;
  EXPECT_EQ(address.text(), text);
}

TEST(Address, IsAKindAndANameHereOrOnAHost) {
  expect_address("zfs:tank/home", "", AddressKind::Zfs, "tank/home");
  expect_address("root@web1:zfs:tank/**", "root@web1", AddressKind::Zfs, "tank/**");
  expect_address("web1:btrfs:/home", "web1", AddressKind::Btrfs, "/home");
  expect_address("repo:/srv/backups", "", AddressKind::Repository, "/srv/backups");
  expect_address("repo:sftp://nas/backups", "", AddressKind::Repository, "sftp://nas/backups");
  expect_address("root@[fe80::1]:zfs:tank", "root@[fe80::1]", AddressKind::Zfs, "tank");
}

TEST(Address, IsAPathWithoutAKind) {
  expect_address("/etc", "", AddressKind::Path, "/etc");
  expect_address("web1:/etc", "web1", AddressKind::Path, "/etc");
  expect_address("relative/with:colon", "", AddressKind::Path, "relative/with:colon");
}

TEST(Address, KnowsItsHostWithoutTheUser) {
  EXPECT_EQ(Address::parse("root@web1:zfs:tank").host(), "web1");
  EXPECT_EQ(Address::parse("web1:zfs:tank").local_text(), "zfs:tank");
}

TEST(Address, RefusesWhatSshOrZfsWouldTakeForSomethingElse) {
  for (const char* text : {"", "zfs:", "-oProxyCommand=x:zfs:tank", "a b:zfs:tank", ":zfs:tank",
                           "root@:zfs:tank", "web1:relative", "zfs:tank;id", "zfs:/tank",
                           "zfs:-tank", "zfs:tank@snapshot", "btrfs:home"}) {
    EXPECT_ERROR(Address::parse(text), ErrorKind::InvalidArgument);
  }
}

}  // namespace
}  // namespace snapferry
