// What a backup leaves out is an entry that says so, and never looks empty or not there.

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "testing/backup_scene.h"
#include "testing/errors.h"
#include "tree/backup/backup.h"
#include "tree/exclude.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using Names = std::vector<std::string>;

LeftOut reason_of(BackupScene& scene, const BackupResult& backup, std::string_view path) {
  const std::optional<Entry> entry = scene.entry(backup, path);
  EXPECT_TRUE(entry) << path;
  return entry ? entry->left_out : LeftOut::None;
}

TEST(BackupLeavesOut, WhatIsExcludedByNameAndTypeAlone) {
  BackupScene scene;
  scene.write("cache/big", "x");
  scene.write("kept/a.o", "x");
  scene.write("kept/a.c", "x");
  const ExcludeRules rules({"/cache/", "*.o"});
  scene.options.excludes = &rules;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup), Names{"kept"});
  EXPECT_EQ(scene.names(backup, "kept"), Names{"a.c"});
  const Entry cache = *scene.entry(backup, "cache");
  EXPECT_EQ(cache.left_out, LeftOut::Excluded);
  EXPECT_TRUE(cache.name_only);
  EXPECT_EQ(cache.type, EntryType::Directory);
  EXPECT_EQ(reason_of(scene, backup, "kept/a.o"), LeftOut::Excluded);
  EXPECT_EQ(backup.stats.names_left_out, 2u);
  EXPECT_EQ(backup.stats.files, 1u);
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::Excluded).count, 2u);
}

TEST(BackupLeavesOut, WhatIsUnreadableWithoutKeepingOldContent) {
  BackupScene scene;
  scene.write("a", "1");
  scene.write("d/inside", "2");
  scene.write("z", "3");
  const BackupResult first = scene.back_up();
  scene.write("a", "changed");
  scene.hooks.opening = [](std::string_view path) {
    return path == "a" || path == "d" ? EACCES : 0;
  };
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(scene.names(second), Names{"z"});
  const Entry file = *scene.entry(second, "a");
  EXPECT_EQ(file.left_out, LeftOut::Unreadable);
  EXPECT_FALSE(file.name_only);
  EXPECT_EQ(file.size, 7u) << "what the file reported";
  EXPECT_TRUE(file.content.runs.empty());
  EXPECT_EQ(reason_of(scene, second, "d"), LeftOut::Unreadable);
  EXPECT_EQ(second.stats.files_failed, 2u);
  EXPECT_EQ(second.stats.files_removed, 0u);
  scene.hooks.opening = nullptr;
  const BackupResult third = scene.back_up_again(second);
  EXPECT_EQ(scene.content(third, "a"), "changed") << "nothing of it was taken over";
  EXPECT_EQ(scene.content(third, "d/inside"), "2");
}

TEST(BackupLeavesOut, TheSameTreeAgainWhenNothingChanged) {
  BackupScene scene;
  scene.write("cache/big", "x");
  scene.write("kept/a", "x");
  const ExcludeRules rules({"/cache/"});
  scene.options.excludes = &rules;
  const BackupResult first = scene.back_up();
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root.tree, first.root.tree);
  EXPECT_EQ(second.stats.bytes_read, 0u);
  EXPECT_EQ(second.stats.files_removed, 0u);
}

TEST(BackupLeavesOut, StoresOfOurOwnWhereverTheyLie) {
  BackupScene scene;
  scene.write("usb/store/config", std::string("\x10\0\0\0SFCF and more", 17));
  scene.write("usb/store/keys/k", "x");
  scene.write("usb/store/packs/p", "x");
  scene.write("usb/other/config", "SFCF");
  const BackupResult backup = scene.back_up();
  EXPECT_TRUE(scene.names(backup, "usb/store").empty());
  EXPECT_EQ(reason_of(scene, backup, "usb/store/packs"), LeftOut::OwnStore);
  EXPECT_EQ(scene.names(backup, "usb/other"), Names{"config"});
  EXPECT_EQ(backup.left_out.groups().at(LeftOut::OwnStore).paths,
            std::set<std::string>{"usb/store"});
  scene.options.include_own = true;
  EXPECT_EQ(scene.names(scene.back_up(), "usb/store"), (Names{"config", "keys", "packs"}));
}

TEST(BackupLeavesOut, TheStoreInUseByWhatItIsAndNotByItsName) {
  BackupScene scene;
  scene.write("store/p", "x");
  struct stat stat {};
  ASSERT_EQ(::stat((scene.root / "store").c_str(), &stat), 0);
  scene.options.skip.emplace_back(stat.st_dev, stat.st_ino);
  scene.options.include_own = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason_of(scene, backup, "store"), LeftOut::OwnStore);
  EXPECT_TRUE(scene.names(backup, "store").empty());
}

TEST(BackupLeavesOut, CachesButNotTheirTag) {
  BackupScene scene;
  scene.write("c/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  scene.write("c/x", "x");
  scene.options.exclude_caches = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "c"), Names{"CACHEDIR.TAG"});
  EXPECT_EQ(reason_of(scene, backup, "c/x"), LeftOut::Cache);
}

TEST(BackupLeavesOut, OtherFilesystemsAndWindowsIntoTheKernelByReason) {
  BackupScene scene;
  scene.make_directory("disk");
  scene.make_directory("proc");
  if (::mount("none", (scene.root / "disk").c_str(), "tmpfs", 0, nullptr) != 0) {
    GTEST_SKIP() << "mounting needs root";
  }
  EXPECT_EQ(::mount("proc", (scene.root / "proc").c_str(), "proc", 0, nullptr), 0);
  scene.write("disk/thesis", "x");
  scene.options.one_filesystem = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(reason_of(scene, backup, "disk"), LeftOut::OtherFilesystem);
  EXPECT_FALSE(scene.entry(backup, "disk")->name_only);
  EXPECT_EQ(reason_of(scene, backup, "proc"), LeftOut::KernelFilesystem);
  scene.options.one_filesystem = false;
  EXPECT_EQ(scene.names(scene.back_up(), "disk"), Names{"thesis"});
  ::umount2((scene.root / "disk").c_str(), MNT_DETACH);
  ::umount2((scene.root / "proc").c_str(), MNT_DETACH);
}

// A disk that is mounted on "disk" of the scene, until it is taken away.
class DiskScene : public ::testing::Test {
 protected:
  void SetUp() override {
    scene_.make_directory("disk");
    scene_.write("file", "x");
    if (!attach()) GTEST_SKIP() << "mounting needs root";
  }
  void TearDown() override { take_away(); }

  bool attach() {
    if (::mount("none", (scene_.root / "disk").c_str(), "tmpfs", 0, nullptr) != 0) return false;
    scene_.write("disk/thesis", "x");
    return true;
  }
  void take_away() { ::umount2((scene_.root / "disk").c_str(), MNT_DETACH); }

  BackupScene scene_;
};

const std::string kIsAway =
    "disk: is empty, and something was mounted on it at the last backup; is its disk mounted? If "
    "that is as it should be, pass --allow-empty";

TEST_F(DiskScene, IsNamedAndLeftOutForAsLongAsTheDiskIsAway) {
  const BackupResult first = scene_.back_up();
  EXPECT_TRUE(scene_.entry(first, "disk")->mount_point);
  EXPECT_FALSE(first.root.mount_point);
  take_away();
  const BackupResult second = scene_.back_up_again(first);
  EXPECT_EQ(scene_.problems(), std::vector<std::string>{kIsAway});
  EXPECT_EQ(second.stats.files_failed, 1u);
  EXPECT_EQ(second.stats.files_removed, 0u);
  EXPECT_EQ(reason_of(scene_, second, "disk"), LeftOut::OtherFilesystem);
  EXPECT_EQ(second.left_out.groups().at(LeftOut::OtherFilesystem).paths,
            std::set<std::string>{"disk"});
  const BackupResult third = scene_.back_up_again(second);
  EXPECT_EQ(third.stats.files_failed, 1u);
  ASSERT_TRUE(attach());
  const BackupResult back = scene_.back_up_again(third);
  EXPECT_EQ(back.stats.files_failed, 0u);
  EXPECT_EQ(scene_.names(back, "disk"), Names{"thesis"});
}

TEST_F(DiskScene, IsEmptyWhereSomebodySaysSo) {
  const BackupResult first = scene_.back_up();
  take_away();
  scene_.options.allow_empty = true;
  const BackupResult second = scene_.back_up_again(first);
  EXPECT_EQ(second.stats.files_failed, 0u);
  EXPECT_EQ(second.stats.files_removed, 1u);
  EXPECT_EQ(reason_of(scene_, second, "disk"), LeftOut::None);
  scene_.options.allow_empty = false;
  EXPECT_EQ(scene_.back_up_again(second).stats.files_failed, 0u);
}

TEST_F(DiskScene, IsMissedThoughTheLastBackupLeftItOut) {
  scene_.options.one_filesystem = true;
  const BackupResult first = scene_.back_up();
  take_away();
  // Nothing of it was wanted.
  EXPECT_EQ(scene_.back_up_again(first).stats.files_failed, 0u);
  scene_.options.one_filesystem = false;
  EXPECT_EQ(scene_.back_up_again(first).stats.files_failed, 1u);
}

TEST_F(DiskScene, IsNotMissedWhereWhatWasOnItIsInItsPlace) {
  const BackupResult first = scene_.back_up();
  take_away();
  scene_.write("disk/moved here", "x");
  scene_.write("disk/thesis", "x");
  const BackupResult second = scene_.back_up_again(first);
  EXPECT_EQ(second.stats.files_failed, 0u);
  EXPECT_EQ(scene_.names(second, "disk"), (Names{"moved here", "thesis"}));
}

TEST_F(DiskScene, IsMissedBehindWhatWasWrittenInItsPlace) {
  const BackupResult first = scene_.back_up();
  take_away();
  scene_.write("disk/NOT MOUNTED", "x");
  const BackupResult second = scene_.back_up_again(first);
  EXPECT_EQ(scene_.problems(),
            std::vector<std::string>{
                "disk: something was mounted on it at the last backup, and most of what was there "
                "is missing; is its disk mounted? If that is as it should be, pass --allow-empty"});
  EXPECT_EQ(reason_of(scene_, second, "disk"), LeftOut::OtherFilesystem);
  // And by the backup after that, of which the base knows nothing of what was there.
  const BackupResult third = scene_.back_up_again(second);
  EXPECT_EQ(third.stats.files_failed, 1u);
  EXPECT_EQ(reason_of(scene_, third, "disk"), LeftOut::OtherFilesystem);
  scene_.options.allow_empty = true;
  const BackupResult fourth = scene_.back_up_again(third);
  EXPECT_EQ(fourth.stats.files_failed, 0u);
  EXPECT_EQ(scene_.names(fourth, "disk"), Names{"NOT MOUNTED"});
}

TEST_F(DiskScene, IsMissedWhereItIsTheVolumeItself) {
  BackupScene whole;
  if (::mount("none", whole.root.path().c_str(), "tmpfs", 0, nullptr) != 0) GTEST_SKIP();
  whole.write("thesis", "x");
  const BackupResult first = whole.back_up();
  ::umount2(whole.root.path().c_str(), MNT_DETACH);
  whole.write("NOT MOUNTED", "x");
  EXPECT_ERROR(whole.back_up_again(first), ErrorKind::NotFound);
  whole.options.allow_empty = true;
  EXPECT_EQ(whole.back_up_again(first).stats.files_removed, 1u);
}

TEST_F(DiskScene, IsEmptyItselfOrEmptiedWhileItIsMounted) {
  const BackupResult first = scene_.back_up();
  ASSERT_EQ(::unlink((scene_.root / "disk/thesis").c_str()), 0);
  const BackupResult second = scene_.back_up_again(first);
  EXPECT_EQ(second.stats.files_failed, 0u);
  EXPECT_EQ(second.stats.files_removed, 1u);
  EXPECT_TRUE(scene_.entry(second, "disk")->mount_point);
}

TEST(BackupTakesForEmpty, ADirectoryThatWasNoMountPoint) {
  BackupScene scene;
  scene.write("d/x", "x");
  const BackupResult first = scene.back_up();
  ASSERT_EQ(::unlink((scene.root / "d/x").c_str()), 0);
  EXPECT_EQ(scene.back_up_again(first).stats.files_failed, 0u);
}

}  // namespace
}  // namespace snapferry::tree
