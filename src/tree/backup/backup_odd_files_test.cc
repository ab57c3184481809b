// Files that are not what they say, and attributes that cannot be read.

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/tree_node.h"
#include "testing/backup_scene.h"
#include "testing/odd_filesystem.h"
#include "tree/backup/local_files.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::noise;
using testing::OddFilesystem;
using Names = std::vector<std::string>;

class OddFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = OddFilesystem::why_not(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    scene_.make_directory("odd");
    mount({});
  }
  void mount(const OddFilesystem::Manners& manners) {
    odd_.reset();
    odd_ = std::make_unique<OddFilesystem>(scene_.root / "odd", manners);
  }

  BackupScene scene_;
  std::unique_ptr<OddFilesystem> odd_;
};

TEST_F(OddFiles, AreReadToTheirEndWhateverSizeTheySay) {
  for (const std::size_t size : {5u, 600u << 10, 3u << 20}) {
    odd_->put("empty?", {.content = noise(size, 1), .stated_size = 0});
    odd_->put("short?", {.content = noise(size, 2), .stated_size = size / 2});
    const BackupResult backup = scene_.back_up();
    EXPECT_TRUE(scene_.content(backup, "odd/empty?") == noise(size, 1)) << size;
    EXPECT_TRUE(scene_.content(backup, "odd/short?") == noise(size, 2)) << size;
    EXPECT_EQ(backup.stats.files_failed, 0u);
  }
}

TEST_F(OddFiles, ThatEndTooEarlyAreSavedAndNamed) {
  for (const std::size_t size : {5u, 3u << 20}) {
    odd_->put("long?", {.content = noise(size), .stated_size = size + 1});
    const BackupResult backup = scene_.back_up();
    EXPECT_TRUE(scene_.content(backup, "odd/long?") == noise(size)) << size;
    const auto entry = scene_.entry(backup, "odd/long?");
    ASSERT_TRUE(entry);
    EXPECT_TRUE(entry->unsettled);
    EXPECT_EQ(backup.stats.files_failed, 1u);
    const std::string told = "odd/long?: ended after " + std::to_string(size) + " of the " +
                             std::to_string(size + 1) +
                             " bytes that it should have; saved as far as it could be read";
    EXPECT_EQ(std::ranges::count(scene_.problems(), told), 1);
  }
}

TEST_F(OddFiles, AreReadWhereHolesAreOnlySaidToBe) {
  mount({.holes_everywhere = true});
  const std::string text = noise(3 << 20) + std::string(9 << 20, '\0') + "end";
  odd_->put("image", {.content = text, .stated_blocks = 0});
  const BackupResult backup = scene_.back_up();
  EXPECT_TRUE(scene_.content(backup, "odd/image") == text);
  // Long runs of zeros become holes all the same.
  const auto image = scene_.entry(backup, "odd/image");
  ASSERT_TRUE(image);
  const auto& runs = image->content.runs;
  EXPECT_TRUE(std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run.id; }));
}

TEST_F(OddFiles, ThatChangedAreSeenThoughTheKernelRemembersThemOtherwise) {
  mount({.attribute_timeout = 1'000'000});
  odd_->put("file", {.content = "before"});
  const BackupResult base = scene_.back_up();
  odd_->put("file", {.content = "after!", .mtime = 1'000'000'001});
  EXPECT_EQ(scene_.content(scene_.back_up_again(base), "odd/file"), "after!");
}

TEST_F(OddFiles, ThatSayTheyAreEmptyAreReadEachTime) {
  odd_->put("file", {.content = "", .stated_size = 0});
  const BackupResult base = scene_.back_up();
  odd_->put("file", {.content = "now", .stated_size = 0});
  EXPECT_EQ(scene_.content(scene_.back_up_again(base), "odd/file"), "now");
}

TEST_F(OddFiles, KeepTheirContentWhenAttributesCannotBeRead) {
  odd_->put("list", {.content = "a", .list_error = EIO});
  odd_->put("range", {.content = "b", .list_error = ERANGE});
  odd_->put("one", {.content = "c", .get_error = EIO});
  const BackupResult base = scene_.back_up();
  // Named again as long as it is so, though nothing changed.
  for (const BackupResult& backup : {base, scene_.back_up_again(base)}) {
    EXPECT_EQ(scene_.content(backup, "odd/list"), "a");
    EXPECT_EQ(scene_.content(backup, "odd/range"), "b");
    EXPECT_EQ(scene_.content(backup, "odd/one"), "c");
    const auto one = scene_.entry(backup, "odd/one");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->xattrs, (std::vector<ExtendedAttribute>{{"user.good", Bytes{'1'}}}));
    EXPECT_EQ(backup.stats.files_failed, 3u);
  }
  EXPECT_EQ(scene_.problems().size(), 6u);
  EXPECT_EQ(scene_.problems()[2],
            "odd/one: extended attributes could not be read (user.bad: Input/output error); the "
            "rest of it was saved");
}

// Puts other content where it is, and the old times with it: ctime(2) cannot be set, so the base is
// told the new one. What is left is a file that changed and does not show it.
TEST(ChangesWithoutANewTime, AreFoundWhenTheFileIsReadAgain) {
  BackupScene scene;
  scene.write("changed", "before");
  scene.write("same", "same");
  BackupResult base = scene.back_up();
  scene.write("changed", "after!");
  scene.options.threads = 1;
  const BackupResult now = scene.back_up();
  Bytes leaf{1};
  for (const char* name : {"changed", "same"}) {
    Entry entry = scene.entry(now, name).value();
    entry.content = scene.entry(base, name)->content;
    encode_entry(entry, leaf);
  }
  base.root = now.root;
  base.root.tree = scene.objects.put(ObjectKind::Tree, leaf);
  EXPECT_EQ(scene.content(scene.back_up_again(base), "changed"), "before");

  scene.options.reread = RereadRule{.all = true};
  const BackupResult again = scene.back_up_again(base);
  EXPECT_EQ(scene.content(again, "changed"), "after!");
  EXPECT_EQ(again.stats.files_changed, 1u);
  EXPECT_EQ(again.stats.files_unchanged, 1u);
  EXPECT_EQ(again.stats.files_reread, 1u);
  EXPECT_EQ(again.stats.bytes_read, 10u);
  EXPECT_EQ(again.stats.files_failed, 0u);
  EXPECT_EQ(scene.problems(),
            Names{"changed: its content changed without a new time; it was read again and saved as "
                  "it is now, but earlier snapshots may lack the change"});
}

TEST(FilesOfTheKernel, AreSavedToTheirEnd) {
  BackupScene scene;
  std::ifstream in("/proc/version");
  const std::string version(std::istreambuf_iterator<char>(in), {});
  LocalFiles files("/proc/version");
  const BackupResult backup =
      tree::backup(files, std::nullopt, scene.objects, scene.objects, scene.options);
  EXPECT_FALSE(version.empty());
  EXPECT_EQ(scene.content(backup, ""), version);
  EXPECT_EQ(backup.stats.files_failed, 0u);
}

// XFS and tmpfs keep more names than listxattr(2) can tell: 64 KiB.
TEST(ManyAttributes, CostNeitherAFileItsContentNorADirectoryWhatIsBelow) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  BackupScene scene;
  scene.make_directory("mount");
  ASSERT_EQ(::mount("none", (scene.root / "mount").c_str(), "tmpfs", 0, nullptr), 0);
  struct Unmount {
    std::string where;
    ~Unmount() { ::umount2(where.c_str(), MNT_DETACH); }
  } unmount{scene.root / "mount"};
  scene.write("mount/file", "content");
  scene.write("mount/directory/below", "content, too");
  const std::string prefix = "trusted." + std::string(200, 'n');
  for (const auto& path : {"mount/file", "mount/directory"}) {
    for (int i = 0; i < 400; ++i) {
      const std::string name = prefix + std::to_string(i);
      ASSERT_EQ(::setxattr((scene.root / path).c_str(), name.c_str(), "v", 1, 0), 0);
    }
  }
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.content(backup, "mount/file"), "content");
  EXPECT_EQ(scene.content(backup, "mount/directory/below"), "content, too");
  EXPECT_EQ(backup.stats.files_failed, 2u);
  ASSERT_EQ(scene.problems().size(), 2u);
  EXPECT_EQ(scene.problems()[1],
            "mount/file: extended attributes could not be read (their list: Argument list too "
            "long); the rest of it was saved");
}

}  // namespace
}  // namespace snapferry::tree
