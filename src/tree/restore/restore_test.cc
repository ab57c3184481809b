#include "tree/restore/restore.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

TEST_F(Restore, BringsBackContentModesAndTimes) {
  const RestoreStats stats =
      run(directory("", {file("a", "text").mode(0640).mtime(-5, 1), file("empty"),
                         directory("d", {file("x", "y")}).mode(0500).mtime(7, 999'999'999),
                         symlink("l", "/nowhere").mtime(11, 12)})
              .mode(0711)
              .mtime(3, 4));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(at("a")), "text");
  EXPECT_EQ(look(at("a")).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(look(at("a")).st_mtim.tv_sec, -5);
  EXPECT_EQ(look(at("a")).st_mtim.tv_nsec, 1);
  EXPECT_EQ(look(at("empty")).st_size, 0);
  EXPECT_EQ(look(at("d")).st_mode, S_IFDIR | 0500u);
  EXPECT_EQ(look(at("d")).st_mtim.tv_nsec, 999'999'999);
  EXPECT_EQ(content(at("d/x")), "y");
  EXPECT_EQ(std::filesystem::read_symlink(at("l")), "/nowhere");
  EXPECT_EQ(look(at("l")).st_mtim.tv_sec, 11);
  EXPECT_EQ(look(target_).st_mode, S_IFDIR | 0711u);
  EXPECT_EQ(look(target_).st_mtim.tv_nsec, 4);
  EXPECT_EQ(stats.files, 4u);
  EXPECT_EQ(stats.directories, 2u);
  EXPECT_EQ(stats.bytes, 5u);
  EXPECT_EQ(stats.failed, 0u);
}

TEST_F(RestoreAsRoot, BringsBackOwnersAndSpecialFiles) {
  Node fifo(EntryType::Fifo, "fifo");
  Node socket(EntryType::Socket, "socket");
  Node null(EntryType::CharacterDevice, "null");
  Node disk(EntryType::BlockDevice, "disk");
  run(directory("", {fifo.mode(0666), socket.owner(5, 6), null.device(makedev(1, 3)).mode(0606),
                     disk.device(makedev(259, 70000)), symlink("l", "x").owner(7, 8),
                     file("setuid", "#!").owner(1234, 5678).mode(06755),
                     directory("sticky", {}).mode(03777).owner(9, 10)}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(look(at("fifo")).st_mode, S_IFIFO | 0666u);
  EXPECT_EQ(look(at("socket")).st_mode, S_IFSOCK | 0644u);
  EXPECT_EQ(look(at("socket")).st_uid, 5u);
  EXPECT_EQ(look(at("null")).st_mode, S_IFCHR | 0606u);
  EXPECT_EQ(look(at("null")).st_rdev, makedev(1, 3));
  EXPECT_EQ(look(at("disk")).st_rdev, makedev(259, 70000));
  EXPECT_EQ(look(at("l")).st_gid, 8u);
  EXPECT_EQ(look(at("setuid")).st_mode, S_IFREG | 06755u);
  EXPECT_EQ(look(at("setuid")).st_uid, 1234u);
  EXPECT_EQ(look(at("setuid")).st_gid, 5678u);
  EXPECT_EQ(look(at("sticky")).st_mode, S_IFDIR | 03777u);
}

TEST_F(RestoreAsRoot, SetsCapabilitiesAndAclsAfterTheOwner) {
  const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  // user::rw-, user:1:r--, group::r--, mask::r--, other::---
  const std::string acl(
      "\2\0\0\0\1\0\6\0\xff\xff\xff\xff\2\0\4\0\1\0\0\0\4\0\4\0\xff\xff\xff\xff"
      "\x10\0\4\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
      44);
  run(directory(
      "",
      {file("a", "x").owner(3, 4).xattr("security.capability", capability),
       file("b").xattr("user.k", "v").xattr("system.posix_acl_access", acl).mode(0640).owner(1, 1),
       directory("d", {file("in")})
           .xattr("system.posix_acl_default", acl)
           .xattr("user.empty", "")}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(xattr(at("a"), "security.capability"), capability);
  EXPECT_EQ(xattr(at("b"), "user.k"), "v");
  EXPECT_EQ(xattr(at("b"), "system.posix_acl_access"), acl);
  EXPECT_EQ(look(at("b")).st_mode & 07777, 0640u);
  EXPECT_EQ(xattr(at("d"), "system.posix_acl_default"), acl);
  EXPECT_EQ(xattr(at("d"), "user.empty"), "");
  EXPECT_EQ(xattr(at("d/in"), "system.posix_acl_access"), "(none)");
}

// "DDHH": where SEEK_HOLE and SEEK_DATA find data and holes, per 64 KiB.
std::string map_of(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  const off_t size = ::lseek(fd, 0, SEEK_END);
  std::string map;
  for (off_t at = 0; at < size; at += 65536) {
    map += ::lseek(fd, at, SEEK_HOLE) == at ? 'H' : 'D';
  }
  ::close(fd);
  return map;
}

TEST_F(Restore, KeepsHolesAsHolesAndZerosAsData) {
  const std::string zeros(65536, '\0');
  run(directory(
      "",
      {file("holes").hole(65536).data(zeros).hole(65536 * 2).data(noise(65536, 1)).hole(65536),
       file("all hole").hole(1 << 30),
       file("big").data(noise(4 << 20, 2)).hole(65536).data(noise(1 << 20, 3)).hole(65536 * 3)}));
  EXPECT_EQ(map_of(at("holes")), "HDHHDH");
  EXPECT_EQ(look(at("holes")).st_size, 65536 * 6);
  EXPECT_EQ(content(at("holes")), zeros + zeros + zeros + zeros + noise(65536, 1) + zeros);
  EXPECT_EQ(look(at("all hole")).st_size, 1 << 30);
  EXPECT_EQ(look(at("all hole")).st_blocks, 0);
  EXPECT_EQ(map_of(at("big")), std::string(64, 'D') + "H" + std::string(16, 'D') + "HHH");
}

TEST_F(Restore, WritesBigFilesBehindListsOnSeveralThreads) {
  Node big = file("big");
  std::string expected;
  for (unsigned i = 0; i < 37; ++i) {
    expected += noise(700'000 + i, i);
    big.data(noise(700'000 + i, i));
    if (i % 9 == 4) {
      big.hole(12'345);
      expected += std::string(12'345, '\0');
    }
  }
  options_.threads = 4;
  const RestoreStats stats = run(directory("", {big.nested(3).mode(0600), file("z", "z")}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(at("big")), expected);
  EXPECT_EQ(look(at("big")).st_mtim.tv_nsec, 500'000'000);
  EXPECT_EQ(stats.bytes, expected.size() - 4 * 12'345 + 1);
}

TEST_F(Restore, RestoresNamesOfAllBytesAndLengths) {
  const std::string longest(255, 'n');
  const std::string bytes = "\xff\x01\n\\ \xc3";
  run(directory("", {file(longest, "l"), file(bytes, "b"), directory(bytes + "d", {file("x")})}));
  EXPECT_EQ(content(at(longest)), "l");
  EXPECT_EQ(content(at(bytes)), "b");
  EXPECT_TRUE(exists(at(bytes + "d/x")));
}

TEST_F(Restore, GoesDeeperThanPathsAndDescriptorsReach) {
  Node tree = directory("end", {file("leaf", "deep")});
  for (int i = 0; i < 1500; ++i) {
    // Not in braces, which would copy all of it each time.
    std::vector<Node> children{file("after")};
    children.push_back(std::move(tree));
    tree = directory("a-name-of-some-length", std::move(children)).mode(0750);
  }
  options_.threads = 3;
  const RestoreStats stats = run(directory("", {std::move(tree)}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(stats.directories, 1502u);
  EXPECT_EQ(stats.files, 1501u);
  int fd = ::open(target_.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 1500; ++i) {
    const int next = ::openat(fd, "a-name-of-some-length", O_RDONLY | O_DIRECTORY);
    ASSERT_GE(next, 0) << i;
    struct stat stat;
    ::fstat(next, &stat);
    EXPECT_EQ(stat.st_mode & 07777, 0750u);
    EXPECT_EQ(stat.st_mtim.tv_sec, 1'000'000'000);
    ::close(fd);
    fd = next;
  }
  struct stat stat;
  EXPECT_EQ(::fstatat(fd, "end/leaf", &stat, 0), 0);
  ::close(fd);
}

TEST_F(Restore, LinksNamesOfOneFile) {
  options_.threads = 4;
  std::vector<Node> nodes;
  for (int i = 0; i < 50; ++i) {
    nodes.push_back(
        directory(std::to_string(i), {file("f", "same").link(9), symlink("s", "t").link(8)}));
  }
  nodes.push_back(file("big").data(noise(3 << 20, 1)).data(noise(3 << 20, 2)).link(7));
  nodes.push_back(file("big2").data(noise(3 << 20, 1)).data(noise(3 << 20, 2)).link(7));
  nodes.push_back(file("other", "same").link(6));
  run(directory("", std::move(nodes)));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(look(at("0/f")).st_nlink, 50u);
  EXPECT_EQ(look(at("49/f")).st_ino, look(at("0/f")).st_ino);
  EXPECT_EQ(look(at("0/s")).st_nlink, 50u);
  EXPECT_TRUE(S_ISLNK(look(at("31/s")).st_mode));
  EXPECT_EQ(look(at("big")).st_ino, look(at("big2")).st_ino);
  EXPECT_EQ(look(at("other")).st_nlink, 1u);
  EXPECT_EQ(look(at("0/f")).st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(look(at("7")).st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(RestoreAsRoot, MapsOwnersByName) {
  Snapshot snapshot = snapshot_of(
      directory("", {file("a").owner(4711, 4712), file("b").owner(4713, 4714)}), objects_);
  snapshot.users = {{4711, "daemon"}, {4713, "nobody-has-this-name"}};
  snapshot.groups = {{4712, "sys"}};
  run(snapshot);
  EXPECT_EQ(look(at("a")).st_uid, 1u);
  EXPECT_EQ(look(at("a")).st_gid, 3u);
  EXPECT_EQ(look(at("b")).st_uid, 4713u);
  EXPECT_EQ(look(at("b")).st_gid, 4714u);
  options_.numeric_owner = true;
  run(snapshot);
  EXPECT_EQ(look(at("a")).st_uid, 4711u);
  EXPECT_EQ(look(at("a")).st_gid, 4712u);
}

}  // namespace
}  // namespace snapferry::testing
