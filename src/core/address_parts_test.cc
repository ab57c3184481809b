#include "core/address_parts.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

void expect_parts(std::string_view text, std::string_view remote, std::string_view kind,
                  std::string_view name) {
  const auto parts = AddressParts::parse(text);
  EXPECT_EQ(parts.remote, remote) << text;
  EXPECT_EQ(parts.kind, kind) << text;
  EXPECT_EQ(parts.name, name) << text;
}

TEST(Address, IsAKindAndANameHereOrOnAHost) {
  expect_parts("zfs:tank/home", "", "zfs", "tank/home");
  expect_parts("root@web1:zfs:tank/**", "root@web1", "zfs", "tank/**");
  expect_parts("web1:btrfs:/home", "web1", "btrfs", "/home");
  expect_parts("tree:/etc", "", "tree", "/etc");
  expect_parts("repo:/srv/backups", "", "repo", "/srv/backups");
  expect_parts("repo:sftp://nas/backups", "", "repo", "sftp://nas/backups");
  expect_parts("root@[fe80::1]:zfs:tank", "root@[fe80::1]", "zfs", "tank");
}

TEST(Address, IsAPathWithoutAKind) {
  expect_parts("/etc", "", "", "/etc");
  expect_parts("web1:/etc", "web1", "", "/etc");
  expect_parts("relative/with:colon", "", "", "relative/with:colon");
}

TEST(Address, RefusesWhatSshOrZfsWouldTakeForSomethingElse) {
  for (const char* text : {"", "zfs:", "-oProxyCommand=x:zfs:tank", "a b:zfs:tank", ":zfs:tank",
                           "root@:zfs:tank", "web1:relative", "zfs:tank;id", "zfs:/tank",
                           "zfs:-tank", "zfs:tank@snapshot", "btrfs:home"}) {
    EXPECT_ERROR(AddressParts::parse(text), ErrorKind::InvalidArgument);
  }
}

TEST(Address, IsNativeByItsKindAloneHoweverMalformedTheRest) {
  for (const char* text : {"zfs:tank", "btrfs:/home", "web1:zfs:tank", "root@[fe80::1]:btrfs:/home",
                           "zfs:", "btrfs:relative", "a b:zfs:tank"}) {
    EXPECT_TRUE(is_native_address(text)) << text;
  }
  for (const char* text : {"/home", "home", "repo:/srv", "tree:/etc", "web1:/etc", "a:b", "./zfs:x",
                           "dir/web1:zfs:tank", "/dir/[x]:zfs:tank", ""}) {
    EXPECT_FALSE(is_native_address(text)) << text;
  }
}

TEST(Address, IsWholeAgainWithTheHostBeforeWhatItsMachineCallsIt) {
  EXPECT_EQ(address_text("root@web1", "zfs:tank"), "root@web1:zfs:tank");
  EXPECT_EQ(address_text("", "zfs:tank"), "zfs:tank");
  EXPECT_EQ(host_of_remote("root@web1"), "web1");
  EXPECT_EQ(host_of_remote("web1"), "web1");
}

}  // namespace
}  // namespace snapferry
