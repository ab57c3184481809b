#include "tree/restore.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "testing/file_tree.h"
#include "testing/memory_objects.h"
#include "testing/temporary_directory.h"

namespace snapferry::tree {
namespace {

using snapferry::testing::directory;
using snapferry::testing::file;
using snapferry::testing::MemoryObjects;
using snapferry::testing::Node;
using snapferry::testing::snapshot_of;
using snapferry::testing::symlink;
using snapferry::testing::TemporaryDirectory;

class Problems : public ProblemSink {
 public:
  void problem(std::string_view path, std::string_view message) override {
    const std::lock_guard lock(mutex);
    all.push_back(std::string(path) + ": " + std::string(message));
  }
  std::mutex mutex;
  std::vector<std::string> all;
};

// "+a" created, "!a" replaced, "~a" metadata, "=a" kept, "-a" deleted.
class Actions : public RestoreObserver {
 public:
  void on_action(RestoreAction action, std::string_view path, const Entry*) override {
    const std::lock_guard lock(mutex_);
    all.insert("+!~=-"[static_cast<int>(action)] + std::string(path));
  }
  std::set<std::string> all;

 private:
  std::mutex mutex_;
};

struct stat look(const std::string& path) {
  struct stat stat {};
  EXPECT_EQ(::lstat(path.c_str(), &stat), 0) << path;
  return stat;
}

bool exists(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string xattr(const std::string& path, const char* name) {
  char value[1024];
  const ssize_t size = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return size < 0 ? "(none)" : std::string(value, static_cast<std::size_t>(size));
}

std::string noise(std::size_t size, unsigned seed) {
  std::string text(size, 0);
  for (char& byte : text) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return text;
}

class Restore : public ::testing::Test {
 protected:
  RestoreStats run(const Node& root) { return run(snapshot_of(root, objects_)); }
  RestoreStats run(const Snapshot& snapshot) {
    options_.problems = &problems_;
    return restore(snapshot, target_, objects_, options_, observer_);
  }
  std::string at(const std::string& path) const { return target_ + "/" + path; }

  MemoryObjects objects_;
  TemporaryDirectory outside_;
  std::string target_ = outside_ / "target";
  RestoreOptions options_;
  Problems problems_;
  RestoreObserver* observer_ = nullptr;
};

class RestoreAsRoot : public Restore {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can create devices and set owners";
  }
};

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

TEST_F(Restore, GivesFilesNoAclThatTheTargetWouldHandDown) {
  ::mkdir(target_.c_str(), 0755);
  const std::string acl(
      "\2\0\0\0\1\0\7\0\xff\xff\xff\xff\2\0\7\0\1\0\0\0\4\0\5\0\xff\xff\xff\xff"
      "\x10\0\7\0\xff\xff\xff\xff\x20\0\5\0\xff\xff\xff\xff",
      44);
  ASSERT_EQ(::setxattr(target_.c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0), 0);
  run(directory("", {file("a", "x"), directory("d", {file("b", "y").mode(0600)})}));
  for (const char* name : {"a", "d", "d/b"}) {
    EXPECT_EQ(xattr(at(name), "system.posix_acl_access"), "(none)") << name;
  }
  EXPECT_EQ(xattr(at("d"), "system.posix_acl_default"), "(none)");
  EXPECT_EQ(xattr(target_, "system.posix_acl_default"), "(none)");
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0644u);
  EXPECT_EQ(look(at("d/b")).st_mode & 07777, 0600u);
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
    tree = directory("a-name-of-some-length", {file("after"), std::move(tree)}).mode(0750);
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

TEST_F(Restore, ReportsDamageAndRestoresTheRest) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("bad", "damaged"), file("good", "fine"),
                                 file("linked bad", "damaged2").link(3),
                                 file("linked bad 2", "damaged2").link(3),
                                 file("big").data(noise(5 << 20, 4)).data("missing"),
                                 directory("lost", {file("x", "unreachable")})}),
                  objects_);
  objects_.erase(MemoryObjects::id_of(ObjectKind::Data, as_bytes("damaged")));
  objects_.erase(MemoryObjects::id_of(ObjectKind::Data, as_bytes("damaged2")));
  objects_.replace(ObjectKind::Data, MemoryObjects::id_of(ObjectKind::Data, as_bytes("missing")),
                   as_bytes("wrong length"));
  Bytes leaf{1};
  encode_entry(snapferry::testing::store(file("x", "unreachable"), objects_), leaf);
  objects_.erase(MemoryObjects::id_of(ObjectKind::Tree, leaf));
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(stats.failed, 5u);
  EXPECT_EQ(problems_.all.size(), 5u);
  EXPECT_EQ(content(at("good")), "fine");
  for (const char* name : {"bad", "linked bad", "linked bad 2", "big"})
    EXPECT_FALSE(exists(at(name)));
  EXPECT_TRUE(exists(at("lost")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target_), {}), 2);
}

TEST_F(Restore, RestoresChosenPathsWithTheirParents) {
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("a", {directory("b", {file("c", "1"), file("d", "2")}).mode(0711),
                                     file("e", "3")})
                         .mode(0700)
                         .mtime(5, 6),
                     directory("w", {file("x"), directory("y", {file("z")})})})
          .mode(0700),
      objects_);
  ::mkdir(target_.c_str(), 0755);
  options_.paths = {"/a//b/c", "w/", "w/y"};
  run(snapshot);
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(at("a/b/c")), "1");
  EXPECT_FALSE(exists(at("a/b/d")));
  EXPECT_FALSE(exists(at("a/e")));
  EXPECT_TRUE(exists(at("w/y/z")));
  EXPECT_EQ(look(at("a/b")).st_mode & 07777, 0711u);
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0700u);
  EXPECT_EQ(look(at("a")).st_mtim.tv_nsec, 6);
  EXPECT_EQ(look(target_).st_mode & 07777, 0755u) << "the user's directory was changed";
}

TEST_F(Restore, ChangesNothingForAPathThatIsNotThere) {
  options_.paths = {"a", "b"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
  EXPECT_FALSE(exists(target_));
  options_.paths = {"a/../a"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
  options_.paths = {"a/b"};
  EXPECT_THROW(run(directory("", {file("a")})), Error);
}

TEST_F(Restore, PutsASingleFileBelowTheTarget) {
  Snapshot snapshot = snapshot_of(file("", "stream").mode(0600), objects_);
  snapshot.volume.path = "stdin:dump.sql";
  run(snapshot);
  EXPECT_EQ(content(at("dump.sql")), "stream");
  snapshot.volume.path = "/var/lib/data.db";
  run(snapshot);
  EXPECT_EQ(content(at("data.db")), "stream");
}

TEST_F(Restore, SecondTimeKeepsWhatIsRightAndCorrectsTheRest) {
  const Snapshot snapshot = snapshot_of(
      directory("", {file("mode", "1"), file("data", "2"), file("same", "3").xattr("user.a", "b"),
                     file("size", "4"), symlink("l", "x"), directory("d", {file("e", "5")})}),
      objects_);
  run(snapshot);
  ::chmod(at("mode").c_str(), 0777);
  write(at("data"), "X");
  write(at("size"), "longer");
  ::setxattr(at("d/e").c_str(), "user.extra", "1", 1, 0);
  ::unlink(at("l").c_str());
  ASSERT_EQ(::symlink("elsewhere", at("l").c_str()), 0);
  write(at("extra"), "mine");
  write(at(".snapferry-restore-0123456789abcdef-1f"), "left by a killed restore");
  Actions actions;
  observer_ = &actions;
  const ino_t kept = look(at("same")).st_ino;
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(actions.all,
            (std::set<std::string>{"=", "~mode", "!data", "=same", "!size", "!l", "=d", "~d/e",
                                   "-.snapferry-restore-0123456789abcdef-1f"}));
  EXPECT_EQ(look(at("same")).st_ino, kept);
  EXPECT_EQ(look(at("mode")).st_mode & 07777, 0644u);
  EXPECT_EQ(content(at("data")), "2");
  EXPECT_EQ(content(at("size")), "4");
  EXPECT_EQ(xattr(at("d/e"), "user.extra"), "(none)");
  EXPECT_EQ(xattr(at("same"), "user.a"), "b");
  EXPECT_EQ(std::filesystem::read_symlink(at("l")), "x");
  EXPECT_TRUE(exists(at("extra")));
  EXPECT_EQ(stats.replaced, 3u);
  EXPECT_EQ(stats.deleted, 1u);
  EXPECT_EQ(look(target_).st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(Restore, NeverLeavesAloneWhatExists) {
  ::mkdir(target_.c_str(), 0755);
  ::mkdir(at("d").c_str(), 0711);
  write(at("a"), "mine");
  write(at("file"), "mine too");
  options_.overwrite = Overwrite::Never;
  run(directory("", {file("a", "new"), file("b", "new").link(4), file("c", "new").link(4),
                     directory("d", {file("e", "new")}), directory("file", {file("x")})}));
  EXPECT_EQ(content(at("a")), "mine");
  EXPECT_EQ(content(at("b")), "new");
  EXPECT_EQ(look(at("c")).st_ino, look(at("b")).st_ino);
  EXPECT_EQ(content(at("d/e")), "new");
  EXPECT_EQ(content(at("file")), "mine too");
  EXPECT_EQ(look(at("d")).st_mode & 07777, 0711u);
}

TEST_F(Restore, AlwaysWritesEverythingAgain) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a", "right")}), objects_);
  run(snapshot);
  const struct timespec times[2] = {{0, UTIME_OMIT}, {1'000'000'000, 500'000'000}};
  write(at("a"), "wrong");
  ::utimensat(AT_FDCWD, at("a").c_str(), times, 0);
  run(snapshot);
  EXPECT_EQ(content(at("a")), "wrong") << "same size and mtime";
  options_.overwrite = Overwrite::Always;
  run(snapshot);
  EXPECT_EQ(content(at("a")), "right");
}

TEST_F(Restore, ReplacesWhatIsOfAnotherType) {
  ::mkdir(target_.c_str(), 0755);
  ::mkdir(at("file").c_str(), 0755);
  ::mkdir(at("full").c_str(), 0755);
  write(at("full/x"), "precious");
  write(at("dir"), "x");
  write(at("link"), "x");
  const Node tree = directory("", {file("file", "f"), file("full", "g"),
                                   directory("dir", {file("y")}), symlink("link", "z")});
  const RestoreStats stats = run(tree);
  EXPECT_EQ(content(at("file")), "f");
  EXPECT_TRUE(exists(at("dir/y")));
  EXPECT_EQ(std::filesystem::read_symlink(at("link")), "z");
  EXPECT_EQ(content(at("full/x")), "precious");
  EXPECT_EQ(stats.failed, 1u);
  ASSERT_EQ(problems_.all.size(), 1u);
  EXPECT_NE(problems_.all[0].find("full: a directory"), std::string::npos) << problems_.all[0];
  options_.delete_extra = true;
  EXPECT_EQ(run(tree).failed, 0u);
  EXPECT_EQ(content(at("full")), "g");
}

TEST_F(Restore, DeletesExtrasOnlyInsideWhatItRestores) {
  ::mkdir(target_.c_str(), 0755);
  for (const char* name : {"d", "d/old", "d/old/deep", "e"}) ::mkdir(at(name).c_str(), 0755);
  write(at("d/old/deep/x"), "x");
  write(at("e/extra"), "x");
  write(at("extra"), "x");
  write(outside_ / "precious", "p");
  ASSERT_EQ(::symlink(outside_.path().c_str(), at("d/out").c_str()), 0);
  ASSERT_EQ(::symlink("../..", at("d/old/up").c_str()), 0);
  const Snapshot snapshot =
      snapshot_of(directory("", {directory("d", {file("k", "1")}), directory("e", {})}), objects_);
  options_.delete_extra = true;
  options_.paths = {"d"};
  const RestoreStats stats = run(snapshot);
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(stats.deleted, 5u);
  EXPECT_FALSE(exists(at("d/old")));
  EXPECT_FALSE(exists(at("d/out")));
  EXPECT_TRUE(exists(at("extra")));
  EXPECT_TRUE(exists(at("e/extra")));
  EXPECT_EQ(content(outside_ / "precious"), "p");
  options_.paths.clear();
  run(snapshot);
  EXPECT_FALSE(exists(at("extra")));
  EXPECT_FALSE(exists(at("e/extra")));
  EXPECT_TRUE(exists(at("d/k")));
}

TEST_F(Restore, DeletesNothingWhereTheListIsDamaged) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a"), file("b")}), objects_);
  run(snapshot);
  objects_.erase(snapshot.root.tree);
  options_.delete_extra = true;
  EXPECT_EQ(run(snapshot).failed, 1u);
  EXPECT_TRUE(exists(at("a")));
}

TEST_F(Restore, DryRunTellsAndChangesNothing) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("a", "1"), directory("d", {file("b", "2")}),
                                 file("l", "3").link(2), file("m", "3").link(2)}),
                  objects_);
  Actions actions;
  observer_ = &actions;
  options_.dry_run = true;
  run(snapshot);
  EXPECT_FALSE(exists(target_));
  EXPECT_EQ(actions.all, (std::set<std::string>{"+", "+a", "+d", "+d/b", "+l", "+m"}));
  options_.dry_run = false;
  run(snapshot);
  write(at("a"), "changed");
  ::mkdir(at("x").c_str(), 0755);
  write(at("x/y"), "1");
  actions.all.clear();
  options_.dry_run = true;
  options_.delete_extra = true;
  run(snapshot);
  EXPECT_EQ(actions.all,
            (std::set<std::string>{"=", "!a", "=d", "=d/b", "=l", "=m", "-x", "-x/y"}));
  EXPECT_EQ(content(at("a")), "changed");
  EXPECT_TRUE(exists(at("x/y")));
}

TEST_F(Restore, NeverFollowsASymlinkInTheTarget) {
  ::mkdir(target_.c_str(), 0755);
  const std::string victim = outside_ / "victim";
  ::mkdir(victim.c_str(), 0700);
  write(victim + "/f", "precious");
  ASSERT_EQ(::symlink(victim.c_str(), at("d").c_str()), 0);
  ASSERT_EQ(::symlink((victim + "/f").c_str(), at("f").c_str()), 0);
  ASSERT_EQ(::link((victim + "/f").c_str(), at("hard").c_str()), 0);
  const time_t before = look(victim + "/f").st_mtim.tv_sec;
  run(directory("", {directory("d", {file("f", "evil")}), file("f", "evil").mode(0777),
                     file("hard", "evil").mode(0666)}));
  EXPECT_EQ(problems_.all, std::vector<std::string>{});
  EXPECT_EQ(content(victim + "/f"), "precious");
  EXPECT_EQ(look(victim + "/f").st_mtim.tv_sec, before);
  EXPECT_EQ(look(victim).st_mode & 07777, 0700u);
  EXPECT_TRUE(S_ISDIR(look(at("d")).st_mode));
  EXPECT_EQ(content(at("d/f")), "evil");
  EXPECT_EQ(content(at("hard")), "evil");
}

TEST_F(Restore, DoesNotCorrectAFileThatHasANameElsewhere) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a", "1").mode(0666)}), objects_);
  run(snapshot);
  ::chmod(at("a").c_str(), 0600);
  ASSERT_EQ(::link(at("a").c_str(), (outside_ / "elsewhere").c_str()), 0);
  run(snapshot);
  EXPECT_EQ(look(outside_ / "elsewhere").st_mode & 07777, 0600u);
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0666u);
}

// Does something to the target when the content `trigger` is asked for.
class Interfering : public ObjectSource {
 public:
  Interfering(MemoryObjects& objects, std::string_view trigger, std::function<void()> act)
      : objects_(objects),
        trigger_(MemoryObjects::id_of(ObjectKind::Data, as_bytes(trigger))),
        act_(std::move(act)) {}
  Bytes get(ObjectKind kind, const ObjectId& id) override {
    if (kind == ObjectKind::Data && id == trigger_) act_();
    return objects_.get(kind, id);
  }

 private:
  MemoryObjects& objects_;
  ObjectId trigger_;
  std::function<void()> act_;
};

TEST_F(Restore, StaysInsideWhenADirectoryBecomesASymlinkMeanwhile) {
  const std::string victim = outside_ / "victim";
  ::mkdir(victim.c_str(), 0755);
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("d", {file("a", "trigger"), file("b", "after"),
                                     directory("e", {file("x", "z")}), file("l", "q").link(1)}),
                     file("m", "q").link(1)}),
      objects_);
  Interfering source(objects_, "trigger", [&] {
    ASSERT_EQ(::rename(at("d").c_str(), at("moved").c_str()), 0);
    ASSERT_EQ(::symlink(victim.c_str(), at("d").c_str()), 0);
    write(victim + "/l", "decoy");
  });
  options_.problems = &problems_;
  options_.threads = 1;
  restore(snapshot, target_, source, options_);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(victim), {}), 1);
  EXPECT_EQ(content(at("moved/b")), "after");
  EXPECT_EQ(look(victim + "/l").st_nlink, 1u) << "the decoy was linked";
}

TEST_F(Restore, StopsWhenCancelled) {
  const Snapshot snapshot = snapshot_of(
      directory("", {file("a", "1"), file("b").data(noise(5 << 20, 3)).data("trigger"),
                     file("l", "trigger").link(5), file("m", "trigger").link(5), file("z", "2")}),
      objects_);
  Cancellation cancellation;
  Interfering source(objects_, "trigger", [&] { cancellation.request(); });
  options_.cancellation = &cancellation;
  for (unsigned threads : {1u, 3u}) {
    options_.threads = threads;
    try {
      restore(snapshot, target_, source, options_);
      ADD_FAILURE() << "was not cancelled";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
    for (const auto& left : std::filesystem::directory_iterator(target_)) {
      EXPECT_FALSE(left.path().filename().string().starts_with(".snapferry")) << left.path();
    }
  }
  options_.cancellation = nullptr;
  EXPECT_EQ(run(snapshot).failed, 0u);
  EXPECT_EQ(content(at("z")), "2");
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

// A child of this process without privileges; its exit status counts failed checks.
int as_nobody(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

TEST_F(RestoreAsRoot, AsANormalUserSaysOnceWhatItCannotDo) {
  ::chmod(outside_.path().c_str(), 0777);
  Node null(EntryType::CharacterDevice, "null");
  Node zero(EntryType::CharacterDevice, "zero");
  const Snapshot snapshot =
      snapshot_of(directory("", {directory("ro", {file("x", "1").mode(0400).owner(65534, 65534),
                                                  directory("in", {file("y", "2")}).mode(0)})
                                     .mode(0555),
                                 file("setuid", "s").mode(06755), null.device(makedev(1, 3)),
                                 zero.device(makedev(1, 5)),
                                 file("c", "c").xattr("security.x", "1").xattr("user.k", "v")}),
                  objects_);
  const int failures = as_nobody([&] {
    int wrong = 0;
    const auto expect = [&](bool good, const char* what) {
      if (!good) ++wrong, std::fprintf(stderr, "not so: %s\n", what);
    };
    options_.problems = &problems_;
    for (int round = 0; round < 2; ++round) {
      const RestoreStats stats = restore(snapshot, target_, objects_, options_);
      for (const std::string& problem : problems_.all)
        std::fprintf(stderr, "%s\n", problem.c_str());
      expect(problems_.all.empty() && stats.failed == 0, "no problems");
      expect(stats.limitations.size() == (round == 0 ? 4u : 3u), "each limitation once");
      expect((look(at("ro")).st_mode & 07777) == 0555, "read-only directory");
      expect((look(at("ro/x")).st_mode & 07777) == 0400, "read-only file");
      expect((look(at("setuid")).st_mode & 07777) == 0755, "no setuid for another owner");
      expect(xattr(at("c"), "user.k") == "v", "user attributes");
      expect(!exists(at("null")), "no device");
    }
    return wrong;
  });
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(content(at("ro/in/y")), "2");
  EXPECT_EQ(look(at("ro/in")).st_mode & 07777, 0u);
}

TEST_F(RestoreAsRoot, StopsWithNoSpaceAndCarriesOnLater) {
  const std::string disk = outside_ / "disk";
  ::mkdir(disk.c_str(), 0755);
  if (std::system(("mount -t tmpfs -o size=2m none " + disk).c_str()) != 0) {
    GTEST_SKIP() << "mounting is not permitted";
  }
  std::vector<Node> nodes{file("big").data(noise(3 << 20, 1)).data(noise(3 << 20, 2))};
  for (unsigned i = 0; i < 20; ++i) nodes.push_back(file(std::to_string(i), noise(300'000, i)));
  const Snapshot snapshot = snapshot_of(directory("", std::move(nodes)), objects_);
  try {
    restore(snapshot, disk + "/t", objects_, options_);
    ADD_FAILURE() << "there was room";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoSpace) << error.message();
  }
  for (const auto& left : std::filesystem::directory_iterator(disk + "/t")) {
    EXPECT_EQ(left.file_size(), 300'000u) << left.path();
  }
  EXPECT_EQ(std::system(("mount -o remount,size=40m " + disk).c_str()), 0);
  const RestoreStats stats = restore(snapshot, disk + "/t", objects_, options_);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(content(disk + "/t/big"), noise(3 << 20, 1) + noise(3 << 20, 2));
  EXPECT_EQ(std::system(("umount " + disk).c_str()), 0);
}

TEST_F(Restore, RefusesATargetThatIsNoDirectory) {
  write(target_, "file");
  try {
    run(directory("", {}));
    ADD_FAILURE() << "was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::InvalidArgument);
  }
}

}  // namespace
}  // namespace snapferry::tree
