// What a backup leaves out is recorded as such, and what restores find there stays.

#include "core/left_out.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/error.h"
#include "testing/backup_scene.h"
#include "testing/errors.h"
#include "testing/restore_fixture.h"
#include "tree/backup/backup.h"
#include "tree/exclude.h"
#include "tree/restore/restore.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::directory;
using testing::exists;
using testing::file;
using testing::snapshot_of;

class Mount {
 public:
  Mount(const std::string& at, const char* source, const char* type, unsigned long flags)
      : at_(at), mounted_(::mount(source, at.c_str(), type, flags, nullptr) == 0) {}
  ~Mount() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string at_;
  bool mounted_;
};

LeftOut reason(BackupScene& scene, const BackupResult& backup, std::string_view path) {
  const auto entry = scene.entry(backup, path);
  EXPECT_TRUE(entry) << path;
  return entry ? entry->left_out : LeftOut::None;
}

// The scene, restored in place with everything deleted that the snapshot lacks.
class InPlace {
 public:
  explicit InPlace(BackupScene& scene) : scene_(scene) { options.delete_extra = true; }

  RestoreStats restore(const BackupResult& backup) {
    Snapshot snapshot;
    snapshot.volume = {"host", scene_.root.path()};
    snapshot.root = backup.root;
    snapshot.records_left_out = records;
    snapshot.one_filesystem = scene_.options.one_filesystem;
    snapshot.excludes = patterns;
    snapshot.incomplete = backup.stats.files_failed > 0;
    options.problems = &scene_;
    return tree::restore(snapshot, scene_.root.path(), scene_.objects, options, &actions);
  }

  RestoreOptions options;
  std::vector<std::string> patterns;
  bool records = true;
  testing::Actions actions;

 private:
  BackupScene& scene_;
};

TEST(LeftOutOfABackup, EachExcludedNameStandsThereAndNothingElseOfIt) {
  BackupScene scene;
  const ExcludeRules rules({"*.tmp", "/cache/"});
  scene.options.excludes = &rules;
  scene.write("a.tmp", "x");
  scene.write("cache/below", "x");
  scene.write("kept", "x");
  const BackupResult backup = scene.back_up();
  for (const char* path : {"a.tmp", "cache"}) {
    EXPECT_EQ(reason(scene, backup, path), LeftOut::Excluded) << path;
    EXPECT_TRUE(scene.entry(backup, path)->name_only) << path;
  }
  EXPECT_EQ(scene.entry(backup, "cache")->type, EntryType::Directory);
  EXPECT_ERROR(scene.entry(backup, "cache/below"), ErrorKind::NotFound);
  EXPECT_EQ(backup.stats.names_left_out, 2u);
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::Excluded).count, 2u);
  // The same again costs no new tree.
  EXPECT_EQ(scene.back_up_again(backup).root.tree, backup.root.tree);
}

TEST(LeftOutOfABackup, UnreadableFilesAndDirectoriesKeepWhatIsKnownOfThem) {
  BackupScene scene;
  scene.write("a/x", "1");
  scene.write("closed/y", "2");
  scene.write("file", "content");
  scene.write("z", "3");
  const BackupResult whole = scene.back_up();
  scene.hooks.opening = [](std::string_view path) {
    return path == "closed" || path == "file" ? EACCES : 0;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason(scene, backup, "closed"), LeftOut::Unreadable);
  EXPECT_EQ(scene.entry(backup, "closed")->mode, scene.entry(whole, "closed")->mode);
  EXPECT_EQ(reason(scene, backup, "file"), LeftOut::Unreadable);
  EXPECT_EQ(scene.entry(backup, "file")->size, 7u);
  EXPECT_EQ(scene.content(backup, "a/x"), "1");
  EXPECT_EQ(scene.content(backup, "z"), "3");
  EXPECT_EQ(backup.stats.files_failed, 2u);
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::Unreadable).paths,
            (std::set<std::string>{"closed", "file"}));
  // Once it can be read, it is, though nothing about it changed.
  scene.hooks.opening = {};
  const BackupResult again = scene.back_up_again(backup);
  EXPECT_EQ(again.root.tree, whole.root.tree);
}

TEST(LeftOutOfABackup, OldContentNeverStandsInForWhatIsUnreadableNow) {
  BackupScene scene;
  scene.write("file", "old");
  const BackupResult base = scene.back_up();
  scene.write("file", "newer content");
  scene.hooks.opening = [](std::string_view path) { return path == "file" ? EIO : 0; };
  const BackupResult backup = scene.back_up_again(base);
  EXPECT_EQ(reason(scene, backup, "file"), LeftOut::Unreadable);
  EXPECT_EQ(scene.entry(backup, "file")->size, 13u);
  EXPECT_ERROR(scene.content(backup, "file"), ErrorKind::NotFound);
}

TEST(LeftOutOfABackup, WhatVanishedWasNotLeftOut) {
  BackupScene scene;
  scene.write("file", "x");
  scene.hooks.opening = [&](std::string_view path) {
    if (path != "file") return 0;
    std::filesystem::remove(scene.root / "file");
    return ENOENT;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "file"), std::nullopt);
  EXPECT_EQ(backup.stats.names_left_out, 0u);
}

TEST(LeftOutOfABackup, OneOfSeveralNamesOfAFileTakesNothingFromTheOthers) {
  BackupScene scene;
  const ExcludeRules rules({"b"});
  scene.options.excludes = &rules;
  scene.write("a", "linked");
  std::filesystem::create_hard_link(scene.root / "a", scene.root / "b");
  std::filesystem::create_hard_link(scene.root / "a", scene.root / "c");
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason(scene, backup, "b"), LeftOut::Excluded);
  EXPECT_EQ(scene.content(backup, "a"), "linked");
  EXPECT_EQ(scene.content(backup, "c"), "linked");
  EXPECT_TRUE(scene.entry(backup, "c")->link_device);
}

TEST(LeftOutOfABackup, AnotherRepositoryBelowTheSourceIsKnownByItsConfig) {
  BackupScene scene;
  for (const char* name : {"repo/packs/x", "repo/keys/k"}) scene.write(name, "");
  scene.write("repo/config",
              "\x2f"
              "123SFCF and so on");
  scene.write("likeness/config", "1234 nothing of ours");
  for (const char* name : {"likeness/packs/x", "likeness/keys/k"}) scene.write(name, "");
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason(scene, backup, "repo/packs"), LeftOut::OwnStore);
  EXPECT_EQ(reason(scene, backup, "repo/config"), LeftOut::OwnStore);
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::OwnStore).paths, std::set<std::string>{"repo"});
  EXPECT_EQ(reason(scene, backup, "likeness/packs/x"), LeftOut::None);
  scene.options.include_own = true;
  EXPECT_EQ(reason(scene, scene.back_up(), "repo/packs/x"), LeftOut::None);
}

TEST(LeftOutOfABackup, TheStoreInUseIsKnownThroughABindMount) {
  BackupScene scene;
  scene.write("store/x", "");
  scene.make_directory("elsewhere");
  const Mount bind(scene.root / "elsewhere", (scene.root / "store").c_str(), nullptr, MS_BIND);
  if (!bind.mounted()) GTEST_SKIP() << "mounting needs root";
  struct stat stat;
  ASSERT_EQ(::stat((scene.root / "store").c_str(), &stat), 0);
  scene.options.skip = {{stat.st_dev, stat.st_ino}};
  scene.options.include_own = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason(scene, backup, "store"), LeftOut::OwnStore);
  EXPECT_EQ(reason(scene, backup, "elsewhere"), LeftOut::OwnStore);
}

TEST(LeftOutInPlace, WhatPatternsExcludeStays) {
  BackupScene scene;
  const ExcludeRules rules({"*.tmp", "/cache/"});
  scene.options.excludes = &rules;
  scene.write("cache/big", "x");
  scene.write("d/old.tmp", "x");
  const BackupResult backup = scene.back_up();
  scene.write("d/later.tmp", "made after the backup");
  scene.write("extra/deep/later.tmp", "in something that goes");
  scene.write("extra/goes", "x");
  InPlace place(scene);
  place.patterns = {"*.tmp", "/cache/"};
  const RestoreStats stats = place.restore(backup);
  for (const char* path : {"cache/big", "d/old.tmp", "d/later.tmp", "extra/deep/later.tmp"}) {
    EXPECT_TRUE(exists(scene.root / path)) << path;
  }
  EXPECT_FALSE(exists(scene.root / "extra/goes"));
  EXPECT_EQ(stats.deleted, 1u);
  EXPECT_GT(stats.protected_paths, 0u);
}

TEST(LeftOutInPlace, WhatWasUnreadableStaysAndIsAFailure) {
  BackupScene scene;
  scene.write("closed/y", "2");
  scene.write("file", "content");
  scene.hooks.opening = [](std::string_view path) {
    return path == "closed" || path == "file" ? EACCES : 0;
  };
  const BackupResult backup = scene.back_up();
  scene.write("extra", "x");
  InPlace place(scene);
  const RestoreStats stats = place.restore(backup);
  EXPECT_EQ(stats.failed, 2u);
  EXPECT_TRUE(exists(scene.root / "closed/y"));
  EXPECT_TRUE(exists(scene.root / "file"));
  // Not everything could be restored, so nothing goes.
  EXPECT_TRUE(exists(scene.root / "extra"));
}

TEST(LeftOutInPlace, NothingGoesBelowMountPoints) {
  BackupScene scene;
  scene.options.one_filesystem = true;
  scene.make_directory("disk");
  scene.make_directory("extra/mounted");
  scene.make_directory("extra/bound");
  scene.write("bindings/kept", "x");
  const Mount disk(scene.root / "disk", "none", "tmpfs", 0);
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  scene.write("disk/thesis", "x");
  BackupResult backup = scene.back_up();
  // A bind mount has the device of what is around it.
  const Mount bind(scene.root / "extra/bound", (scene.root / "bindings").c_str(), nullptr, MS_BIND);
  const Mount other(scene.root / "extra/mounted", "none", "tmpfs", 0);
  scene.write("extra/mounted/precious", "x");
  scene.write("extra/goes", "x");
  // A snapshot that lacks `extra`, as one from before it was made.
  const Snapshot without =
      snapshot_of(directory("", {directory("bindings", {file("kept", "x")}),
                                 directory("disk", {}).left_out(LeftOut::OtherFilesystem)}),
                  scene.objects);
  backup.root = without.root;
  InPlace place(scene);
  place.restore(backup);
  for (const char* path :
       {"disk/thesis", "extra/mounted/precious", "extra/bound/kept", "bindings/kept"}) {
    EXPECT_TRUE(exists(scene.root / path)) << path;
  }
  EXPECT_FALSE(exists(scene.root / "extra/goes"));
}

TEST(LeftOutInPlace, NothingGoesInsideAFilesystemThatTheSnapshotWentInto) {
  BackupScene scene;
  scene.make_directory("disk");
  const Mount disk(scene.root / "disk", "none", "tmpfs", 0);
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  scene.write("disk/old", "x");
  const BackupResult backup = scene.back_up();
  scene.write("disk/new", "x");
  scene.write("new", "x");
  InPlace place(scene);
  const RestoreStats stats = place.restore(backup);
  EXPECT_TRUE(exists(scene.root / "disk/new"));
  EXPECT_FALSE(exists(scene.root / "new"));
  EXPECT_EQ(stats.limitations.size(), 1u);
}

TEST(LeftOutInPlace, MountPointsAreMadeWhereTheyAreMissing) {
  BackupScene scene;
  InPlace place(scene);
  BackupResult backup;
  backup.root =
      snapshot_of(directory("", {directory("proc", {}).left_out(LeftOut::KernelFilesystem),
                                 directory("sub", {}).left_out(LeftOut::NestedVolume),
                                 directory("cache", {}).name_only(LeftOut::Excluded),
                                 file("f").name_only(LeftOut::Excluded)}),
                  scene.objects)
          .root;
  const RestoreStats stats = place.restore(backup);
  EXPECT_TRUE(exists(scene.root / "proc"));
  EXPECT_TRUE(exists(scene.root / "sub"));
  EXPECT_FALSE(exists(scene.root / "cache"));
  EXPECT_FALSE(exists(scene.root / "f"));
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.left_out.groups().at(LeftOut::Excluded).count, 2u);
}

TEST(LeftOutInPlace, OnlyWhatThePlanNamedGoes) {
  BackupScene scene;
  const BackupResult backup = scene.back_up();
  scene.write("planned/a", "12345");
  InPlace place(scene);
  place.options.dry_run = true;
  const RestoreStats dry = place.restore(backup);
  EXPECT_EQ(dry.deletions.files(), 1u);
  EXPECT_EQ(dry.deletions.directories(), 1u);
  EXPECT_EQ(dry.deletions.bytes(), 5u);
  scene.write("appeared", "x");
  place.options.dry_run = false;
  place.options.deletions = &dry.deletions;
  place.restore(backup);
  EXPECT_FALSE(exists(scene.root / "planned"));
  EXPECT_TRUE(exists(scene.root / "appeared"));
}

TEST(LeftOutInPlace, RestoredDirectoriesKeepTheirTimesWhenSomethingGoes) {
  BackupScene scene;
  scene.write("d/kept", "x");
  const BackupResult backup = scene.back_up();
  scene.write("d/extra", "x");
  InPlace place(scene);
  place.restore(backup);
  const struct stat after = testing::look(scene.root / "d");
  EXPECT_EQ(after.st_mtim.tv_sec, scene.entry(backup, "d")->mtime.seconds);
  EXPECT_EQ(after.st_mtim.tv_nsec, scene.entry(backup, "d")->mtime.nanoseconds);
  EXPECT_FALSE(exists(scene.root / "d/extra"));
}

TEST(LeftOutOfABackup, AFileThatIsMountedOverAnotherIsOnAnotherFilesystem) {
  BackupScene scene;
  testing::TemporaryDirectory other;
  testing::write(other / "secret", "of another filesystem");
  scene.write("d/f", "covered");
  const Mount bound(scene.root / "d/f", (other / "secret").c_str(), "none", MS_BIND);
  if (!bound.mounted()) GTEST_SKIP() << "mounting needs root";
  EXPECT_EQ(scene.content(scene.back_up(), "d/f"), "of another filesystem");
  // Given as PATH it is all that was asked for.
  scene.options.one_filesystem = true;
  EXPECT_EQ(scene.back_up("d/f").root.left_out, LeftOut::None);
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason(scene, backup, "d/f"), LeftOut::OtherFilesystem);
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::OtherFilesystem).paths,
            std::set<std::string>{"d/f"});
  InPlace place(scene);
  place.restore(backup);
  EXPECT_EQ(testing::content(scene.root / "d/f"), "of another filesystem");
  EXPECT_EQ(testing::content(other / "secret"), "of another filesystem");
}

TEST(LeftOutInPlace, EarlierSnapshotsThatDoNotTellAreTakenWithCare) {
  BackupScene scene;
  scene.make_directory("mount_point");
  scene.make_directory("d");
  const BackupResult backup = scene.back_up();
  scene.write("mount_point/under", "the disk is not mounted now");
  scene.write("extra", "x");
  scene.options.one_filesystem = true;
  InPlace place(scene);
  place.records = false;
  place.restore(backup);
  EXPECT_TRUE(exists(scene.root / "mount_point/under"));
  EXPECT_FALSE(exists(scene.root / "extra"));
  BackupResult incomplete = backup;
  incomplete.stats.files_failed = 1;
  EXPECT_ERROR(place.restore(incomplete), ErrorKind::InvalidArgument);
}

TEST(LeftOutInPlace, RootsAndMountPointsAreRefusedUnlessAllowed) {
  BackupScene scene;
  const Mount disk(scene.root.path(), "none", "tmpfs", 0);
  if (!disk.mounted()) GTEST_SKIP() << "mounting needs root";
  const BackupResult backup = scene.back_up();
  scene.write("extra", "x");
  InPlace place(scene);
  EXPECT_ERROR(place.restore(backup), ErrorKind::InvalidArgument);
  EXPECT_TRUE(exists(scene.root / "extra"));
  place.options.delete_in_mount_point = true;
  place.restore(backup);
  EXPECT_FALSE(exists(scene.root / "extra"));
  // Of the root of the system only the refusal is tried, and in a dry run.
  Snapshot snapshot;
  snapshot.root = backup.root;
  RestoreOptions options;
  options.dry_run = true;
  options.delete_extra = true;
  options.delete_in_mount_point = true;
  EXPECT_ERROR(tree::restore(snapshot, "/", scene.objects, options), ErrorKind::InvalidArgument);
}

TEST(LeftOutPath, CannotBeRestoredAndTheReasonIsSaid) {
  BackupScene scene;
  const Snapshot snapshot = snapshot_of(
      directory("", {directory("d", {}).left_out(LeftOut::OtherFilesystem)}), scene.objects);
  testing::TemporaryDirectory outside;
  for (const char* path : {"d", "d/below"}) {
    RestoreOptions options;
    options.paths = {path};
    try {
      tree::restore(snapshot, outside / "t", scene.objects, options);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::NotFound);
      EXPECT_NE(error.message().find("on another filesystem"), std::string::npos)
          << error.message();
    }
  }
}

}  // namespace
}  // namespace snapferry::tree
