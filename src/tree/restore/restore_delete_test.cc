// What goes with --delete: never what the snapshot left out, nor what is mounted below the target.

#include <algorithm>
#include <string>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "testing/errors.h"
#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

using Paths = std::vector<std::string>;

class RestoreDelete : public Restore {
 protected:
  void SetUp() override {
    options_.delete_extra = true;
    ::mkdir(target_.c_str(), 0755);
  }

  // A snapshot of what `names` say was left out, and a file "kept".
  Snapshot lacking(const std::vector<Entry>& names) {
    Snapshot snapshot = snapshot_of(directory("", {}), objects_);
    std::vector<Entry> entries = names;
    Entry kept = store(file("kept", "x"), objects_);
    entries.push_back(kept);
    std::ranges::sort(entries, {}, &Entry::name);
    Bytes leaf{1};
    for (const Entry& entry : entries) encode_entry(entry, leaf);
    snapshot.root.tree = objects_.put(ObjectKind::Tree, leaf);
    snapshot.records_left_out = true;
    return snapshot;
  }

  static Entry bare(EntryType type, const std::string& name, LeftOut reason) {
    Entry entry;
    entry.type = type;
    entry.name = name;
    entry.left_out = reason;
    entry.name_only = true;
    return entry;
  }

  void make(const std::string& directory) {
    ASSERT_EQ(::mkdir(at(directory).c_str(), 0755), 0) << directory;
  }
};

TEST_F(RestoreDelete, LeavesAloneWhatCameIntoACacheThatTheSnapshotLeftOut) {
  const std::string tag = "Signature: 8a477f597d28d172789f06886806bc55";
  const auto holding = [&](const std::string& name, std::vector<Entry> entries) {
    entries.insert(entries.begin(), store(file("CACHEDIR.TAG", tag), objects_));
    Bytes leaf{1};
    for (const Entry& entry : entries) encode_entry(entry, leaf);
    Entry made = store(directory(name, {}), objects_);
    made.tree = objects_.put(ObjectKind::Tree, leaf);
    make(name);
    write(at(name + "/CACHEDIR.TAG"), tag);
    write(at(name + "/new"), "came later");
    return made;
  };
  run(lacking({holding("cache", {bare(EntryType::File, "entry", LeftOut::Cache)}),
               holding("empty", {}), holding("saved", {store(file("entry", "x"), objects_)})}));
  EXPECT_TRUE(exists(at("cache/new")));
  EXPECT_TRUE(exists(at("empty/new")));
  EXPECT_FALSE(exists(at("saved/new")));
}

TEST_F(RestoreDelete, LeavesAloneWhatTheSnapshotLeftOut) {
  make("cache");
  write(at("cache/big"), "x");
  write(at("secret"), "mine");
  write(at("extra"), "goes");
  const RestoreStats stats = run(lacking({bare(EntryType::Directory, "cache", LeftOut::Excluded),
                                          bare(EntryType::File, "secret", LeftOut::Cache)}));
  EXPECT_TRUE(exists(at("cache/big")));
  EXPECT_EQ(content(at("secret")), "mine");
  EXPECT_FALSE(exists(at("extra")));
  EXPECT_EQ(stats.deleted, 1u);
}

TEST_F(RestoreDelete, MakesNothingOfWhatWasLeftOutButThePlaceOfAMount) {
  Entry disk = store(directory("disk", {}), objects_);
  disk.tree = {};
  disk.left_out = LeftOut::OtherFilesystem;
  run(lacking({disk, bare(EntryType::Directory, "cache", LeftOut::Excluded)}));
  EXPECT_TRUE(S_ISDIR(look(at("disk")).st_mode));
  EXPECT_FALSE(exists(at("cache")));
  EXPECT_TRUE(exists(at("kept")));
}

class RestoreDeleteAroundStores : public RestoreDelete {
 protected:
  // As repository/FORMAT.md has the beginning of one.
  void make_store(const std::string& path) {
    make(path);
    make(path + "/keys");
    write(at(path + "/config"), std::string("\0\0\0\1SFCF...", 11));
  }
};

TEST_F(RestoreDeleteAroundStores, KeepsEveryStoreAndNamesIt) {
  make("backups");
  make_store("backups/repo");
  write(at("backups/note"), "goes");
  const RestoreStats stats = run(lacking({}));
  EXPECT_TRUE(exists(at("backups/repo/config")));
  EXPECT_FALSE(exists(at("backups/note")));
  EXPECT_EQ(stats.limitations.size(), 1u);
  EXPECT_NE(stats.limitations.at(0).find("backups/repo"), std::string::npos);
}

TEST_F(RestoreDeleteAroundStores, KeepsWhatTheCallerNeeds) {
  make("cache");
  write(at("cache/index"), "x");
  const struct stat stat = look(at("cache"));
  options_.untouchable.emplace_back(stat.st_dev, stat.st_ino);
  run(lacking({}));
  EXPECT_TRUE(exists(at("cache/index")));
}

TEST_F(RestoreDeleteAroundStores, RestoresNothingIntoWhatTheCallerNeeds) {
  make_store("repo");
  const struct stat stat = look(at("repo"));
  options_.untouchable.emplace_back(stat.st_dev, stat.st_ino);
  const Snapshot snapshot =
      snapshot_of(directory("", {directory("repo", {file("config", "other")})}), objects_);
  EXPECT_EQ(run(snapshot).failed, 1u);
  EXPECT_NE(content(at("repo/config")), "other");
}

TEST_F(RestoreDeleteAroundStores, PutsNoFileInPlaceOfAStore) {
  make_store("repo");
  EXPECT_EQ(run(snapshot_of(directory("", {file("repo", "x")}), objects_)).failed, 1u);
  EXPECT_TRUE(exists(at("repo/config")));
}

TEST_F(RestoreDelete, NeitherRemovesNorEntersMountPoints) {
  make("old");
  make("old/disk");
  make("here");
  if (::mount("none", at("old/disk").c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "mounting needs root";
  }
  // On the same device: only its being mounted tells.
  EXPECT_EQ(::mount(outside_.path().c_str(), at("here").c_str(), nullptr, MS_BIND, nullptr), 0);
  write(at("old/disk/thesis"), "x");
  write(at("old/goes"), "x");
  write(outside_ / "outside", "x");
  run(directory("", {file("kept"), directory("here", {})}));
  EXPECT_TRUE(exists(at("old/disk/thesis")));
  EXPECT_FALSE(exists(at("old/goes")));
  EXPECT_TRUE(exists(outside_ / "outside"));
  ::umount2(at("old/disk").c_str(), MNT_DETACH);
  ::umount2(at("here").c_str(), MNT_DETACH);
}

TEST_F(RestoreDelete, ProtectsByThePatternsOfASnapshotWithoutMarks) {
  Snapshot snapshot = snapshot_of(directory("", {directory("d", {})}), objects_);
  snapshot.excludes = {"*.o", "/cache/"};
  make("cache");
  write(at("cache/big"), "x");
  make("gone");
  write(at("gone/a.o"), "x");
  write(at("gone/a.c"), "x");
  run(snapshot);
  EXPECT_TRUE(exists(at("cache/big")));
  EXPECT_TRUE(exists(at("gone/a.o")));
  EXPECT_FALSE(exists(at("gone/a.c")));
}

TEST_F(RestoreDelete, DeletesNothingBelowAnEmptyDirectoryThatMayHaveBeenAMountPoint) {
  Snapshot snapshot = snapshot_of(directory("", {directory("mnt", {}), file("kept")}), objects_);
  snapshot.one_filesystem = true;
  make("mnt");
  write(at("mnt/thesis"), "x");
  run(snapshot);
  EXPECT_TRUE(exists(at("mnt/thesis")));
  snapshot.records_left_out = true;
  run(snapshot);
  EXPECT_FALSE(exists(at("mnt/thesis")));
}

TEST_F(RestoreDelete, IsRefusedForAnIncompleteSnapshotWithoutMarks) {
  Snapshot snapshot = snapshot_of(directory("", {}), objects_);
  snapshot.incomplete = true;
  write(at("extra"), "x");
  EXPECT_ERROR(run(snapshot), ErrorKind::InvalidArgument);
  EXPECT_TRUE(exists(at("extra")));
}

TEST_F(RestoreDelete, DeletesNothingWhileSomethingCouldNotBeRestored) {
  Snapshot snapshot = lacking({});
  Entry broken = store(file("broken", "content"), objects_);
  broken.content.runs.front().id = ObjectId{};
  Bytes leaf{1};
  encode_entry(broken, leaf);
  snapshot.root.tree = objects_.put(ObjectKind::Tree, leaf);
  write(at("extra"), "x");
  EXPECT_GT(run(snapshot).failed, 0u);
  EXPECT_TRUE(exists(at("extra")));
}

TEST_F(RestoreDelete, DeletesNothingByASnapshotThatLacksWhatWasUnreadable) {
  write(at("secret"), "mine");
  write(at("extra"), "x");
  const RestoreStats stats = run(lacking({bare(EntryType::File, "secret", LeftOut::Unreadable)}));
  EXPECT_EQ(stats.failed, 1u);
  EXPECT_EQ(content(at("secret")), "mine");
  EXPECT_TRUE(exists(at("extra")));
}

TEST_F(RestoreDelete, DeletesOnlyWhatThePlanShowed) {
  write(at("seen"), "12345");
  const Snapshot snapshot = lacking({});
  options_.dry_run = true;
  const RestoreStats planned = run(snapshot);
  EXPECT_EQ(planned.deletions.files(), 1u);
  EXPECT_EQ(planned.deletions.bytes(), 5u);
  EXPECT_TRUE(exists(at("seen")));
  options_.dry_run = false;
  options_.deletions = &planned.deletions;
  write(at("unseen"), "x");
  run(snapshot);
  EXPECT_FALSE(exists(at("seen")));
  EXPECT_TRUE(exists(at("unseen")));
}

TEST_F(RestoreDelete, IsRefusedInMountPointsUnlessAllowed) {
  if (::mount("none", target_.c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "mounting needs root";
  }
  write(at("extra"), "x");
  EXPECT_ERROR(run(directory("", {})), ErrorKind::InvalidArgument);
  EXPECT_TRUE(exists(at("extra")));
  options_.delete_in_mount_point = true;
  run(directory("", {}));
  EXPECT_FALSE(exists(at("extra")));
  ::umount2(target_.c_str(), MNT_DETACH);
}

TEST_F(RestoreDelete, IsRefusedInTheRootOfTheSystem) {
  target_ = "/";
  options_.dry_run = true;
  options_.delete_in_mount_point = true;
  EXPECT_ERROR(run(directory("", {})), ErrorKind::InvalidArgument);
}

}  // namespace
TEST_F(RestoreDelete, LeavesAloneWhatTheRestorePassesOver) {
  make("d");
  make("build");
  make("build/deep");
  write(at("build/deep/mine"), "mine");
  write(at("d/mine.o"), "mine");
  write(at("d/extra"), "goes");
  options_.excludes = tree::ExcludeRules({"*.o", "/build"});
  const RestoreStats stats =
      run(snapshot_of(directory("", {directory("build", {file("b", "x")}),
                                     directory("d", {file("a", "x"), file("b.o", "x")})}),
                      objects_));
  EXPECT_EQ(content(at("build/deep/mine")), "mine");
  EXPECT_EQ(content(at("d/mine.o")), "mine");
  EXPECT_EQ(content(at("d/a")), "x");
  EXPECT_FALSE(exists(at("d/extra")));
  EXPECT_FALSE(exists(at("d/b.o")));
  EXPECT_FALSE(exists(at("build/b")));
  EXPECT_EQ(stats.passed_over, 2u);
  EXPECT_EQ(stats.deleted, 1u);
}

}  // namespace snapferry::testing
