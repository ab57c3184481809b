// A restore ends well only when what it wrote is where the target keeps it.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/error.h"
#include "testing/odd_filesystem.h"
#include "testing/refused_calls.h"
#include "testing/restore_fixture.h"
#include "tree/restore/target.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::testing {
namespace {

class DurableRestore : public Restore {
 protected:
  // False where calls cannot be refused here.
  bool run_without_sync(const Node& root, RestoreStats& stats) {
    return with_refused_calls({{SYS_syncfs, EIO}}, [&] { stats = run(root); });
  }
  std::string mark() const { return at(std::string(tree::kUnfinishedName)); }
};

TEST_F(DurableRestore, FailsWhenTheDiskDidNotTakeWhatWasWritten) {
  const Node root = directory("", {file("a", "right").mtime(1'000'000'000, 0)});
  RestoreStats stats;
  if (!run_without_sync(root, stats)) GTEST_SKIP() << "no seccomp";
  EXPECT_EQ(stats.failed, 1u);
  ASSERT_EQ(problems_.all.size(), 1u);
  EXPECT_NE(problems_.all[0].find("may not have reached the disk"), std::string::npos);
}

TEST_F(DurableRestore, WritesEverythingAgainAfterThat) {
  const Node root = directory("", {file("a", "right").mtime(1'000'000'000, 0)});
  RestoreStats stats;
  if (!run_without_sync(root, stats)) GTEST_SKIP() << "no seccomp";
  // As the disk has it: other content, of the same size and time.
  struct stat before = look(at("a"));
  write(at("a"), "wrong");
  const struct timespec times[2] = {before.st_atim, before.st_mtim};
  ::utimensat(AT_FDCWD, at("a").c_str(), times, 0);
  options_.delete_extra = true;
  EXPECT_EQ(run(root).failed, 0u);
  EXPECT_EQ(content(at("a")), "right");
  EXPECT_FALSE(exists(mark()));
  EXPECT_EQ(run(root).replaced, 0u) << "and not once more";
}

TEST_F(DurableRestore, KeepsTheMarkWhileOnlyAPartWasWrittenAgain) {
  const Node root = directory("", {file("a", "1"), file("b", "2")});
  RestoreStats stats;
  if (!run_without_sync(root, stats)) GTEST_SKIP() << "no seccomp";
  options_.paths = {"a"};
  EXPECT_EQ(run(root).failed, 0u);
  EXPECT_TRUE(exists(mark()));
}

TEST_F(DurableRestore, LosesTheMarkOnceThePartThatItIsOfWasWrittenAgain) {
  const Node root = directory("", {file("a", "1"), file("b", "2")});
  options_.paths = {"a"};
  RestoreStats stats;
  if (!run_without_sync(root, stats)) GTEST_SKIP() << "no seccomp";
  options_.paths = {"b"};
  EXPECT_EQ(run(root).failed, 0u);
  EXPECT_TRUE(exists(mark()));
  options_.paths = {"a"};
  EXPECT_EQ(run(root).replaced, 1u);
  EXPECT_FALSE(exists(mark()));
}

TEST_F(DurableRestore, CostsNoFileOfTheMarksName) {
  for (const std::string_view name : {tree::kUnfinishedName, tree::kFormerUnsyncedName}) {
    const Node root = directory("", {file(std::string(name), ""), file("a", "1")});
    RestoreStats stats;
    if (!run_without_sync(root, stats)) GTEST_SKIP() << "no seccomp";
    EXPECT_EQ(content(at(std::string(name))), "");
    EXPECT_EQ(run(root).failed, 0u);
    EXPECT_TRUE(exists(at(std::string(name)))) << name;
    tree::remove_tree(tree::open_existing_target(outside_.path()).get(), "target", {});
  }
}

TEST_F(DurableRestore, WritesAllAgainWhereAnEarlierVersionLeftItsMark) {
  const Node root = directory("", {file("a", "right")});
  run(root);
  write(at(std::string(tree::kFormerUnsyncedName)), "");
  EXPECT_EQ(run(root).replaced, 1u);
  EXPECT_FALSE(exists(at(std::string(tree::kFormerUnsyncedName))));
}

class DurableRestoreElsewhere : public DurableRestore {
 protected:
  void SetUp() override {
    if (const std::string reason = OddFilesystem::why_not(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    ::mkdir(target_.c_str(), 0755);
    options_.paths = {"a"};
  }
};

TEST_F(DurableRestoreElsewhere, EndsWhenClosingSaysThatThereIsNoRoom) {
  const OddFilesystem odd(target_, {.close_error = ENOSPC});
  for (const std::string& text : {std::string("small"), noise(5u << 20, 1)}) {
    try {
      run(directory("", {file("a", text)}));
      ADD_FAILURE() << "there was room";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::NoSpace);
    }
    EXPECT_FALSE(exists(at("a"))) << "what is cut must not get its name";
  }
}

TEST_F(DurableRestoreElsewhere, NamesAFileThatCannotBeSynced) {
  const OddFilesystem odd(target_, {.sync_error = EIO});
  EXPECT_EQ(run(directory("", {file("a", "1")})).failed, 1u);
  EXPECT_FALSE(exists(at("a")));
}

}  // namespace
}  // namespace snapferry::testing
