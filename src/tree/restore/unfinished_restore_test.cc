// A restore that was interrupted goes on when the same is asked for again.

#include "tree/restore/unfinished_restore.h"

#include "core/error.h"
#include "testing/errors.h"
#include "testing/restore_fixture.h"
#include "tree/restore/target.h"

namespace snapferry::testing {
namespace {

using tree::find_unfinished;
using tree::kUnfinishedName;
using tree::UnfinishedRestore;

// Asks for the end after so many actions.
class Interrupter : public RestoreObserver {
 public:
  explicit Interrupter(int after) : left_(after) {}
  void on_action(RestoreAction, std::string_view, const Entry*) override {
    if (--left_ == 0) cancellation.request();
  }
  Cancellation cancellation;

 private:
  int left_;
};

class UnfinishedRestoreOf : public Restore {
 protected:
  UnfinishedRestoreOf() {
    snapshot_.id.bytes[0] = 9;
    options_.threads = 1;
  }

  // Ends after `actions` actions, or when it is done.
  bool is_interrupted_after(int actions) {
    Interrupter interrupter(actions);
    observer_ = &interrupter;
    options_.cancellation = &interrupter.cancellation;
    bool interrupted = false;
    try {
      run(snapshot_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
      interrupted = true;
    }
    observer_ = nullptr;
    options_.cancellation = nullptr;
    return interrupted;
  }
  std::string mark() const { return at(std::string(kUnfinishedName)); }
  void remove_target() {
    tree::remove_tree(tree::open_existing_target(outside_.path()).get(), "target", {});
  }

  Snapshot snapshot_ = snapshot_of(
      directory("", {directory("a", {directory("b", {file("x", "1"), file("y", "2")}).mode(0750),
                                     file("z", "3")})
                         .mode(0711),
                     file("f", "4")})
          .mode(0755),
      objects_);
};

TEST_F(UnfinishedRestoreOf, IsFinishedByTheSameCommandWhereverItEnded) {
  for (const bool partial : {false, true}) {
    for (int actions = 1;; ++actions) {
      remove_target();
      options_.paths = partial ? std::vector<std::string>{"a/b"} : std::vector<std::string>{};
      options_.overwrite = Overwrite::Never;
      const bool interrupted = is_interrupted_after(actions);
      if (interrupted) {
        EXPECT_EQ(find_unfinished(target_), (UnfinishedRestore{snapshot_.id, true})) << actions;
        EXPECT_EQ(run(snapshot_).failed, 0u);
      }
      EXPECT_FALSE(exists(mark())) << actions;
      EXPECT_EQ(content(at("a/b/y")), "2");
      EXPECT_EQ(look(target_).st_mode & 07777, 0755u) << actions;
      EXPECT_EQ(look(target_).st_mtim.tv_sec, 1000000000) << actions;
      EXPECT_EQ(look(at("a")).st_mode & 07777, 0711u) << actions;
      EXPECT_EQ(look(at("a/b")).st_mode & 07777, 0750u) << actions;
      EXPECT_EQ(look(at("a/b")).st_mtim.tv_sec, 1000000000) << actions;
      if (!interrupted) break;
    }
  }
}

TEST_F(UnfinishedRestoreOf, LeavesNoMarkWhereThereWasSomething) {
  ::mkdir(target_.c_str(), 0755);
  write(at("mine"), "x");
  EXPECT_TRUE(is_interrupted_after(2));
  EXPECT_EQ(find_unfinished(target_), std::nullopt);
}

TEST_F(UnfinishedRestoreOf, LeavesTheModeOfADirectoryThatWasThere) {
  ::mkdir(target_.c_str(), 0700);
  options_.paths = {"a/b"};
  EXPECT_TRUE(is_interrupted_after(3));
  EXPECT_EQ(find_unfinished(target_), (UnfinishedRestore{snapshot_.id, false}));
  run(snapshot_);
  EXPECT_FALSE(exists(mark()));
  EXPECT_EQ(look(target_).st_mode & 07777, 0700u);
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0711u);
}

TEST_F(UnfinishedRestoreOf, IsNothingThatADryRunLeavesOrThatIsDeleted) {
  ::mkdir(target_.c_str(), 0755);
  options_.dry_run = true;
  run(snapshot_);
  EXPECT_FALSE(exists(mark()));
  options_.dry_run = false;
  options_.delete_extra = true;
  EXPECT_TRUE(is_interrupted_after(3));
  options_.dry_run = true;
  EXPECT_TRUE(run(snapshot_).deletions.empty());
  options_.dry_run = false;
  EXPECT_EQ(run(snapshot_).deleted, 0u);
  EXPECT_FALSE(exists(mark()));
}

TEST_F(UnfinishedRestoreOf, IsOverWhereAnotherSnapshotIsRestoredOverIt) {
  EXPECT_TRUE(is_interrupted_after(3));
  Snapshot other = snapshot_;
  other.id.bytes[0] = 10;
  run(other);
  EXPECT_FALSE(exists(mark()));
}

TEST_F(UnfinishedRestoreOf, CostsNoFileOfThatName) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file(std::string(kUnfinishedName), "mine")}), objects_);
  run(snapshot);
  EXPECT_EQ(content(mark()), "mine");
}

TEST(UnfinishedMark, TellsNothingThatIsTornForeignOrNoFile) {
  TemporaryDirectory directory;
  const platform::Fd opened = tree::open_existing_target(directory.path());
  const std::string name = directory / std::string(kUnfinishedName);
  UnfinishedRestore restore;
  restore.snapshot.bytes[3] = 7;
  EXPECT_TRUE(tree::mark_unfinished(opened.get(), restore));
  EXPECT_FALSE(tree::mark_unfinished(opened.get(), restore));
  EXPECT_EQ(find_unfinished(opened.get()), restore);
  const std::string whole = content(name);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(name, whole.substr(0, size));
    EXPECT_EQ(find_unfinished(opened.get()), std::nullopt) << size;
  }
  tree::unmark(opened.get());
  EXPECT_EQ(find_unfinished(opened.get()), std::nullopt);
  write(directory / "elsewhere", whole);
  EXPECT_EQ(::symlink("elsewhere", name.c_str()), 0);
  EXPECT_EQ(find_unfinished(opened.get()), std::nullopt);
  tree::unmark(opened.get());
  EXPECT_EQ(::mkfifo(name.c_str(), 0600), 0);
  EXPECT_EQ(find_unfinished(opened.get()), std::nullopt);
}

}  // namespace
}  // namespace snapferry::testing
