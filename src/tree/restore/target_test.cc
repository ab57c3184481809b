#include "tree/restore/target.h"

#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

class Target : public ::testing::Test {
 protected:
  void make_directory(const std::string& name) {
    ASSERT_EQ(::mkdirat(fd_.get(), name.c_str(), 0755), 0) << name;
  }
  void make_file(const std::string& name) {
    platform::open_at(fd_.get(), name.c_str(), O_CREAT | O_WRONLY, 0600, name);
  }
  bool exists(const std::string& name) {
    struct stat stat;
    return ::fstatat(fd_.get(), name.c_str(), &stat, AT_SYMLINK_NOFOLLOW) == 0;
  }

  testing::TemporaryDirectory directory_;
  Fd fd_ = platform::open_path(directory_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(Target, RefusesWhatIsNoNameBeforeAnythingIsDone) {
  make_directory("d");
  make_file("d/f");
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("d/f"),
        std::string("/etc"), std::string("f\0x", 3), std::string(256, 'n')}) {
    EXPECT_THROW(stat_at(fd_.get(), name), Error) << name;
    EXPECT_THROW(open_directory_at(fd_.get(), name, Access::AsItIs), Error) << name;
    EXPECT_THROW(open_for_metadata(fd_.get(), name), Error) << name;
    EXPECT_THROW(create_directory_at(fd_.get(), name), Error) << name;
    EXPECT_THROW(unlink_at(fd_.get(), name), Error) << name;
    EXPECT_THROW(remove_empty_directory(fd_.get(), name), Error) << name;
    EXPECT_THROW(remove_tree(fd_.get(), name, {}), Error) << name;
  }
  EXPECT_TRUE(exists("d/f"));
}

TEST_F(Target, OpensNoDirectoryThroughASymlink) {
  make_directory("d");
  ASSERT_EQ(::symlinkat("d", fd_.get(), "l"), 0);
  for (const Access access : {Access::AsItIs, Access::MakeAccessible}) {
    EXPECT_TRUE(open_directory_at(fd_.get(), "d", access).valid());
    EXPECT_THROW(open_directory_at(fd_.get(), "l", access), Error);
  }
  const struct statx link = *stat_at(fd_.get(), "l");
  EXPECT_EQ(link.stx_ino, stat_open(open_for_metadata(fd_.get(), "l").get(), "l").stx_ino);
  EXPECT_TRUE(S_ISLNK(link.stx_mode));
}

TEST_F(Target, KnowsWhetherTheParentIsStillTheSame) {
  make_directory("a");
  make_directory("b");
  make_directory("a/c");
  const struct statx above = *stat_at(fd_.get(), "a");
  const Fd child = platform::open_at(fd_.get(), "a/c", O_RDONLY | O_DIRECTORY, 0, "c");
  EXPECT_TRUE(open_parent(child.get(), device_of(above), above.stx_ino).valid());
  ASSERT_EQ(::renameat(fd_.get(), "a/c", fd_.get(), "b/c"), 0);
  EXPECT_THROW(open_parent(child.get(), device_of(above), above.stx_ino), Error);
}

TEST_F(Target, RemovesATreeAndNothingThatItPointsTo) {
  for (const char* name : {"keep", "t", "t/a", "t/a/b", "t/c"}) make_directory(name);
  for (const char* name : {"keep/x", "t/f", "t/a/b/g", "t/c/h"}) make_file(name);
  ASSERT_EQ(::symlinkat("../../keep", fd_.get(), "t/a/l"), 0);
  ASSERT_EQ(::symlinkat("..", fd_.get(), "t/up"), 0);
  std::vector<std::string> dry;
  const auto into = [](std::vector<std::string>& paths) {
    return [&paths](std::string_view path, const struct statx&) { paths.emplace_back(path); };
  };
  EXPECT_TRUE(remove_tree(fd_.get(), "t", {.dry_run = true, .removed = into(dry)}));
  EXPECT_TRUE(exists("t/a/b/g"));
  std::vector<std::string> removed;
  EXPECT_TRUE(remove_tree(fd_.get(), "t", {.removed = into(removed)}));
  EXPECT_EQ(removed, (std::vector<std::string>{"t/f", "t/up", "t/c/h", "t/c", "t/a/l", "t/a/b/g",
                                               "t/a/b", "t/a", "t"}));
  EXPECT_EQ(dry, removed);
  EXPECT_FALSE(exists("t"));
  EXPECT_TRUE(exists("keep/x"));
  std::vector<std::string> none;
  remove_tree(fd_.get(), "gone", {.removed = into(none)});
  EXPECT_TRUE(none.empty());
}

TEST_F(Target, RemovesNothingThatIsToBeKeptNorTheWayToIt) {
  for (const char* name : {"t", "t/a", "t/a/b", "t/c"}) make_directory(name);
  for (const char* name : {"t/a/b/mine", "t/a/b/g", "t/c/h"}) make_file(name);
  Removal removal;
  removal.keep = [](std::string_view path, const struct statx&) { return path.ends_with("mine"); };
  std::vector<std::string> kept;
  removal.kept = [&](std::string_view path) { kept.emplace_back(path); };
  EXPECT_FALSE(remove_tree(fd_.get(), "t", removal));
  EXPECT_EQ(kept, std::vector<std::string>{"t/a/b/mine"});
  EXPECT_TRUE(exists("t/a/b/mine"));
  EXPECT_FALSE(exists("t/a/b/g"));
  EXPECT_FALSE(exists("t/c"));
}

// On every kernel, with /proc and without.
TEST_F(Target, OpensADirectoryThatItsOwnerMayNotReadWithoutProc) {
  make_directory("d");
  const std::vector<testing::RefusedCall> old_kernel = {{452, ENOSYS}};
  const auto open = [&] {
    if (::geteuid() == 0 && ::syscall(SYS_setresuid, -1, 1000, -1) != 0) return;
    ASSERT_EQ(::fchmodat(fd_.get(), "d", 0, 0), 0);
    EXPECT_TRUE(open_directory_at(fd_.get(), "d", Access::MakeAccessible).valid());
    EXPECT_EQ(stat_at(fd_.get(), "d")->stx_mode & 07777, 0700u);
  };
  if (::geteuid() == 0) {
    ASSERT_EQ(::fchownat(fd_.get(), "d", 1000, 1000, 0), 0);
    ASSERT_EQ(::fchown(fd_.get(), 1000, 1000), 0);
  }
  if (!testing::without_proc(open)) GTEST_SKIP() << "needs a mount namespace";
  EXPECT_TRUE(
      testing::without_proc([&] { EXPECT_TRUE(testing::with_refused_calls(old_kernel, open)); }));
}

TEST(TemporaryName, IsKnownAgainAndNothingElseIs) {
  EXPECT_TRUE(is_temporary_name(temporary_name(0, 0)));
  EXPECT_TRUE(is_temporary_name(temporary_name(UINT64_MAX, UINT64_MAX)));
  for (const char* name :
       {".snapferry-restore-", ".snapferry-restore-notes.txt", "restore",
        ".snapferry-restore-0123456789abcdef", ".snapferry-restore-0123456789abcdef-",
        ".snapferry-restore-0123456789abcdef-x", ".snapferry-restore-0123456789ABCDEF-1"}) {
    EXPECT_FALSE(is_temporary_name(name)) << name;
  }
}

TEST(OpenTarget, CreatesWhatIsMissingWithItsParents) {
  const testing::TemporaryDirectory directory;
  bool created = false;
  EXPECT_FALSE(open_existing_target(directory / "a/b").valid());
  EXPECT_TRUE(open_target(directory / "a/b/c", created).valid());
  EXPECT_TRUE(created);
  created = false;
  EXPECT_TRUE(open_target(directory / "a/b/", created).valid());
  EXPECT_FALSE(created);
  EXPECT_TRUE(open_target(directory / "d/e//", created).valid());
  EXPECT_TRUE(created);
}

}  // namespace
}  // namespace snapferry::tree
