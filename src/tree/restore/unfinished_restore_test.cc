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
using tree::RestoredPart;
using tree::UnfinishedRestore;
using State = UnfinishedRestore::State;

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
  UnfinishedRestore begun(bool made_target) const {
    return {State::Interrupted, snapshot_.id, RestoredPart{options_.paths, {}}, made_target};
  }
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
        EXPECT_EQ(find_unfinished(target_), begun(true)) << actions;
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
  EXPECT_EQ(find_unfinished(target_), begun(false));
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

TEST_F(UnfinishedRestoreOf, IsNotThatOfAnotherPart) {
  options_.paths = {"a/b"};
  EXPECT_TRUE(is_interrupted_after(3));
  ::chmod(at("a").c_str(), 0700);
  options_.paths = {"a/z"};
  run(snapshot_);
  EXPECT_FALSE(exists(mark())) << "it is over where somebody chose to overwrite it";
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0700u) << "what only leads there is not its own";
  remove_target();
  options_.paths = {"a/b"};
  EXPECT_TRUE(is_interrupted_after(3));
  options_.excludes = tree::ExcludeRules({"x"});
  run(snapshot_);
  EXPECT_FALSE(exists(mark()));
  EXPECT_EQ(run(snapshot_).failed, 0u);
}

TEST_F(UnfinishedRestoreOf, GoesOnWithTheSamePartHoweverItsPathsAreOrdered) {
  options_.paths = {"a/b/x", "a/z"};
  EXPECT_TRUE(is_interrupted_after(3));
  options_.paths = {"a/z", "a/b/x"};
  options_.overwrite = Overwrite::Never;
  EXPECT_EQ(run(snapshot_).failed, 0u);
  EXPECT_FALSE(exists(mark()));
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0711u);
}

TEST_F(UnfinishedRestoreOf, OfAnEarlierVersionGoesOnWithAnyPart) {
  ::mkdir(target_.c_str(), 0755);
  write(mark(), snapshot_.id.hex() + " made the directory\n");
  options_.paths = {"a/b"};
  const auto former = find_unfinished(target_);
  ASSERT_TRUE(former);
  EXPECT_EQ(*former, (UnfinishedRestore{State::Interrupted, snapshot_.id, std::nullopt, true}));
  EXPECT_TRUE(former->goes_on_with(snapshot_.id, {{"a/b"}, {}}));
  run(snapshot_);
  EXPECT_FALSE(exists(mark()));
  EXPECT_EQ(content(at("a/b/y")), "2");
}

TEST_F(UnfinishedRestoreOf, CostsNoFileOfThatName) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file(std::string(kUnfinishedName), "mine")}), objects_);
  run(snapshot);
  EXPECT_EQ(content(mark()), "mine");
}

class UnfinishedMark : public ::testing::Test {
 protected:
  std::optional<UnfinishedRestore> found() const { return find_unfinished(opened_.get()); }

  TemporaryDirectory directory_;
  const platform::Fd opened_ = tree::open_existing_target(directory_.path());
  const std::string name_ = directory_ / std::string(kUnfinishedName);
  UnfinishedRestore restore_{
      .part = RestoredPart{{"a", "new\nline", "back\\n slash", ""}, {"*.o", "end"}}};
};

TEST_F(UnfinishedMark, SaysWhatItWasLeftOf) {
  restore_.snapshot.bytes[3] = 7;
  for (const bool made : {false, true}) {
    restore_.made_target = made;
    EXPECT_TRUE(tree::mark_unfinished(opened_.get(), restore_));
    EXPECT_FALSE(tree::mark_unfinished(opened_.get(), restore_)) << "one is there";
    EXPECT_EQ(found(), restore_);
    tree::unmark(opened_.get());
    EXPECT_EQ(found(), std::nullopt);
  }
}

TEST_F(UnfinishedMark, ThatIsTornMeansThatNothingIsKnownToBeOnTheDisk) {
  EXPECT_TRUE(tree::mark_unfinished(opened_.get(), restore_));
  const std::string whole = content(name_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(name_, whole.substr(0, size));
    EXPECT_EQ(found(), (UnfinishedRestore{.state = State::Unsynced})) << size;
  }
}

TEST_F(UnfinishedMark, TellsNothingThatIsNoFileOrSomethingElse) {
  write(directory_ / "elsewhere", "");
  EXPECT_EQ(::symlink("elsewhere", name_.c_str()), 0);
  EXPECT_EQ(found(), std::nullopt);
  tree::unmark(opened_.get());
  EXPECT_EQ(::mkfifo(name_.c_str(), 0600), 0);
  EXPECT_EQ(found(), std::nullopt);
  tree::unmark(opened_.get());
  const std::string id(64, 'a');
  for (const std::string& text : {std::string("mine"), id, id + " made the directory"}) {
    write(name_, text);
    EXPECT_EQ(found(), std::nullopt) << text;
    tree::mark_unsynced(opened_.get(), {}, {});
    EXPECT_EQ(content(name_), text) << "is not ours to change";
  }
}

TEST_F(UnfinishedMark, OfSomebodyElseIsNothingToGoOnWith) {
  EXPECT_TRUE(tree::mark_unfinished(opened_.get(), restore_));
  if (::chown(name_.c_str(), 12345, -1) != 0) GTEST_SKIP() << "only root can do that";
  EXPECT_EQ(found(), std::nullopt);
}

TEST_F(UnfinishedMark, OfWhatIsNotSyncedTakesThePlaceOfOneThatIsThere) {
  const RestoredPart a{{"a"}, {}};
  const RestoredPart b{{"b"}, {}};
  EXPECT_TRUE(tree::mark_unfinished(opened_.get(), restore_));
  tree::mark_unsynced(opened_.get(), restore_.snapshot, a);
  ASSERT_TRUE(found());
  EXPECT_EQ(found()->state, State::Unsynced);
  EXPECT_TRUE(found()->is_covered_by(a));
  EXPECT_TRUE(found()->is_covered_by({}));
  EXPECT_FALSE(found()->is_covered_by(b));
  EXPECT_FALSE(found()->goes_on_with(restore_.snapshot, a));
  tree::mark_unsynced(opened_.get(), restore_.snapshot, b);
  EXPECT_FALSE(found()->is_covered_by(a)) << "both are concerned";
  EXPECT_FALSE(found()->is_covered_by(b));
  EXPECT_TRUE(found()->is_covered_by({}));
}

TEST_F(UnfinishedMark, OfAnEarlierVersionIsUnderstoodAndGoes) {
  const std::string former = directory_ / std::string(tree::kFormerUnsyncedName);
  write(former, "");
  ASSERT_EQ(found(), (UnfinishedRestore{.state = State::Unsynced}));
  EXPECT_FALSE(found()->is_covered_by({{"a"}, {}}));
  EXPECT_TRUE(found()->is_covered_by({}));
  tree::unmark(opened_.get());
  EXPECT_FALSE(exists(former));
}

}  // namespace
}  // namespace snapferry::testing
