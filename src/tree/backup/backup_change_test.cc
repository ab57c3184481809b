// What an incremental backup notices, and what it costs.

#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/tree_node.h"
#include "platform/fd.h"
#include "testing/backup_scene.h"
#include "tree/backup/backup.h"
#include "tree/backup/local_files.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::noise;

struct statx look_at(const std::string& path) {
  struct statx stat;
  EXPECT_EQ(::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat), 0);
  return stat;
}

// Waits (for no longer than a tick of the filesystem's clock) until a change of `path`
// would have another ctime than now.
void pass_a_tick(const std::string& path) {
  const auto before = look_at(path).stx_ctime;
  for (;;) {
    ASSERT_EQ(::chmod(path.c_str(), look_at(path).stx_mode & 07777), 0);
    const auto after = look_at(path).stx_ctime;
    if (after.tv_sec != before.tv_sec || after.tv_nsec != before.tv_nsec) return;
  }
}

TEST(IncrementalBackup, PutsNothingAndReadsNothingWhenNothingChanged) {
  BackupScene scene;
  scene.write("a/b/file", noise(5000));
  scene.write("big", noise(5 << 20));
  scene.make_symlink("a/link", "b");
  scene.make_directory("empty");
  for (int i = 0; i < 3000; ++i) scene.write("many/" + std::to_string(i), "x");
  const BackupResult first = scene.back_up();
  scene.objects.reset_counters();
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(scene.objects.puts(), 0u);
  EXPECT_EQ(second.stats.bytes_read, 0u);
  EXPECT_EQ(second.stats.files_unchanged, 3003u);
  EXPECT_EQ(second.stats.files_new + second.stats.files_changed + second.stats.files_removed, 0u);
  EXPECT_EQ(second.stats.bytes, first.stats.bytes);
  EXPECT_EQ(second.users, first.users);
}

TEST(IncrementalBackup, CountsAsUnchangedWhatWasReadAgainAndTurnedOutTheSame) {
  for (const unsigned threads : {1u, 4u}) {
    BackupScene scene;
    scene.options.threads = threads;
    scene.write("empty", "");
    scene.write("small", "x");
    scene.write("big", noise(5 << 20));
    scene.make_symlink("link", "small");
    const BackupResult first = scene.back_up();
    scene.objects.reset_counters();
    const BackupResult second = scene.back_up_again(first, 0);
    EXPECT_EQ(second.root, first.root);
    EXPECT_EQ(second.stats.bytes_read, 1u + (5u << 20));
    EXPECT_EQ(second.stats.files_changed, 0u);
    EXPECT_EQ(second.stats.files_unchanged, 4u);
    EXPECT_EQ(second.stats.files_reread, 3u);
  }
}

TEST(IncrementalBackup, CountsAsUnchangedWhatOnlyHasANewCtime) {
  BackupScene scene;
  scene.write("file", "x");
  const BackupResult first = scene.back_up();
  pass_a_tick(scene.root / "file");
  const BackupResult second = scene.back_up_again(first);
  EXPECT_NE(scene.entry(second, "file")->ctime, scene.entry(first, "file")->ctime);
  EXPECT_EQ(second.stats.files_changed, 0u);
  EXPECT_EQ(second.stats.files_unchanged, 1u);
  EXPECT_EQ(second.stats.files_reread, 1u);
}

TEST(IncrementalBackup, CountsAsChangedWhatLooksTheSameAndHasOtherContent) {
  for (const std::size_t size : {std::size_t{10}, std::size_t{5} << 20}) {
    BackupScene scene;
    scene.options.threads = 4;
    scene.write("file", noise(size, 1));
    const auto mtime = look_at(scene.root / "file").stx_mtime;
    const BackupResult first = scene.back_up();
    scene.write("file", noise(size, 2));
    const timespec times[2] = {
        {0, UTIME_OMIT}, {static_cast<time_t>(mtime.tv_sec), static_cast<long>(mtime.tv_nsec)}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (scene.root / "file").c_str(), times, 0), 0);
    const BackupResult second = scene.back_up_again(first, 0);
    EXPECT_EQ(second.stats.files_changed, 1u);
    EXPECT_EQ(second.stats.files_unchanged + second.stats.files_reread, 0u);
    EXPECT_EQ(scene.content(second, "file"), noise(size, 2));
  }
}

TEST(IncrementalBackup, IsWhatAFullBackupWouldBe) {
  BackupScene scene;
  scene.write("a/x", "1");
  scene.write("a/y", "2");
  scene.write("b/c/z", "3");
  const BackupResult first = scene.back_up();
  scene.write("a/y", "changed");
  scene.write("b/new", "n");
  std::filesystem::remove(scene.root / "a/x");
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root, scene.back_up().root);
  EXPECT_EQ(second.stats.files_new, 1u);
  EXPECT_EQ(second.stats.files_changed, 1u);
  EXPECT_EQ(second.stats.files_removed, 1u);
  EXPECT_EQ(second.stats.files_unchanged, 1u);
  EXPECT_EQ(second.stats.bytes_read, 8u);
}

struct Change {
  const char* name;
  std::function<void(BackupScene&, const std::string& file)> make;
  std::uint64_t bytes_read;
};

void rewrite_keeping_mtime(const std::string& path, std::string_view text) {
  const struct statx before = look_at(path);
  const platform::Fd file = platform::open_path(path, O_WRONLY);
  platform::pwrite_all(file.get(), as_bytes(text), 0, path);
  const timespec time{before.stx_mtime.tv_sec, before.stx_mtime.tv_nsec};
  const timespec times[] = {time, time};
  ASSERT_EQ(::futimens(file.get(), times), 0);
}

const Change kChanges[] = {
    {"mode", [](auto&, const auto& file) { EXPECT_EQ(::chmod(file.c_str(), 0600), 0); }, 4},
    {"owner", [](auto&, const auto& file) { EXPECT_EQ(::chown(file.c_str(), 7, 8), 0); }, 4},
    {"xattr",
     [](auto&, const auto& file) { EXPECT_EQ(::setxattr(file.c_str(), "user.new", "1", 1, 0), 0); },
     4},
    {"mtime",
     [](auto&, const auto& file) {
       const timespec times[] = {{5, 5}, {5, 5}};
       EXPECT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
     },
     4},
    {"content", [](BackupScene& scene, const auto&) { scene.write("d/file", "NEW"); }, 3},
    {"content of the same size with its mtime put back",
     [](auto&, const auto& file) { rewrite_keeping_mtime(file, "new!"); }, 4},
    {"another file renamed over it",
     [](BackupScene& scene, const auto& file) {
       scene.write("other", "over");
       EXPECT_EQ(::rename((scene.root / "other").c_str(), file.c_str()), 0);
     },
     4},
    {"a hard link to it",
     [](BackupScene& scene, const auto& file) {
       EXPECT_EQ(::link(file.c_str(), (scene.root / "d/file2").c_str()), 0);
     },
     4},
    {"a directory in its place",
     [](BackupScene& scene, const auto& file) {
       std::filesystem::remove(file);
       scene.write("d/file/inside", "abc");
     },
     3},
    {"a symlink in its place",
     [](BackupScene& scene, const auto& file) {
       std::filesystem::remove(file);
       scene.make_symlink("d/file", "target");
     },
     0},
    {"its removal", [](auto&, const auto& file) { std::filesystem::remove(file); }, 0},
};

TEST(IncrementalBackup, NoticesEveryKindOfChangeAndReadsNothingElse) {
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.name);
    BackupScene scene;
    scene.options.threads = 1;
    scene.write("d/file", "old!");
    scene.write("d/left alone", noise(1000));
    scene.write("e/left alone", noise(1000));
    const BackupResult first = scene.back_up();
    pass_a_tick(scene.root / "d/file");
    const BackupResult settled = scene.back_up_again(first);
    pass_a_tick(scene.root / "d/file");
    change.make(scene, scene.root / "d/file");
    const BackupResult second = scene.back_up_again(settled);
    EXPECT_EQ(second.root, scene.back_up().root);
    EXPECT_NE(second.root.tree, settled.root.tree);
    EXPECT_EQ(second.stats.bytes_read, change.bytes_read);
    EXPECT_EQ(scene.entry(second, "e"), scene.entry(first, "e"));
    EXPECT_TRUE(scene.problems().empty());
  }
}

TEST(IncrementalBackup, NoticesChangesOfDirectories) {
  BackupScene scene;
  scene.write("d/e/file", "x");
  const BackupResult first = scene.back_up();
  ASSERT_EQ(::chmod((scene.root / "d").c_str(), 0700), 0);
  ASSERT_EQ(::setxattr((scene.root / "d/e").c_str(), "user.new", "1", 1, 0), 0);
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(scene.entry(second, "d")->mode, 0700u);
  EXPECT_EQ(scene.entry(second, "d/e")->xattrs.size(), 1u);
  EXPECT_EQ(second.stats.bytes_read, 0u);
}

TEST(IncrementalBackup, ReplacesADirectoryByAFile) {
  BackupScene scene;
  scene.write("d/e/f", "1");
  scene.write("d/g", "2");
  const BackupResult first = scene.back_up();
  std::filesystem::remove_all(scene.root / "d");
  scene.write("d", "file now");
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(scene.content(second, "d"), "file now");
  EXPECT_EQ(second.stats.files_removed, 2u);
}

TEST(IncrementalBackup, ReadsAgainWhatChangedJustBeforeTheBaseWasMade) {
  BackupScene scene;
  scene.write("file", "x");
  const BackupResult first = scene.back_up();
  EXPECT_EQ(scene.back_up_again(first, 0).stats.bytes_read, 1u);
  EXPECT_EQ(scene.back_up_again(first, -1000).stats.bytes_read, 0u);
}

TEST(IncrementalBackup, TakesOverAFileOfTheFuture) {
  BackupScene scene;
  scene.write("file", "x");
  struct timespec times[2] = {{4'000'000'000, 0}, {4'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (scene.root / "file").c_str(), times, 0), 0);
  const BackupResult first = scene.back_up();
  EXPECT_EQ(scene.back_up_again(first).stats.bytes_read, 0u);
  // And still reads it again where it may have changed once more while the base was made.
  EXPECT_EQ(scene.back_up_again(first, 0).stats.bytes_read, 1u);
}

TEST(IncrementalBackup, ReadsAgainWhatNeverSettled) {
  BackupScene scene;
  scene.write("file", "x");
  BackupResult first = scene.back_up();
  Entry file = scene.entry(first, "file").value();
  file.unsettled = true;
  Bytes leaf{1};
  encode_entry(file, leaf);
  first.root.tree = scene.objects.put(ObjectKind::Tree, leaf);
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.stats.bytes_read, 1u);
  EXPECT_FALSE(scene.entry(second, "file")->unsettled);
}

TEST(IncrementalBackup, RewritesLittleOfABigDirectory) {
  BackupScene scene;
  for (int i = 0; i < 50'000; ++i) scene.make_symlink("d/" + std::to_string(i), "x");
  const BackupResult first = scene.back_up();
  scene.write("d/33333a", "");
  scene.objects.reset_counters();
  const BackupResult second = scene.back_up_again(first);
  // A leaf or two, the node above them, and the root.
  EXPECT_LE(scene.objects.new_objects(), 5u);
  EXPECT_EQ(second.root, scene.back_up().root);
}

TEST(IncrementalBackup, StoresOnlyTheChunksOfABigFileThatChanged) {
  BackupScene scene;
  std::string text = noise(40 << 20);
  scene.write("disk", text);
  const BackupResult first = scene.back_up();
  text.replace(20 << 20, 10, "0123456789");
  text.insert(30 << 20, "a few bytes more");
  scene.write("disk", text);
  scene.objects.reset_counters();
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(scene.content(second, "disk"), text);
  EXPECT_LT(scene.objects.new_bytes(), 12u << 20);
}

TEST(IncrementalBackup, GoesOnWithoutABaseThatIsDamaged) {
  BackupScene scene;
  scene.write("d/file", "x");
  scene.write("e/file", "y");
  const BackupResult first = scene.back_up();
  scene.objects.erase(scene.entry(first, "d")->tree);
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.stats.bytes_read, 1u);
  ASSERT_EQ(scene.problems().size(), 1u);
  EXPECT_TRUE(scene.problems()[0].starts_with("d: its earlier backup is unreadable"));
  EXPECT_EQ(scene.content(second, "d/file"), "x");
}

TEST(IncrementalBackup, ReadsAnUnchangedFileAgainWhoseContentTheStoreLost) {
  BackupScene scene;
  scene.write("lost", "content that was lost");
  scene.write("kept", "content that is there");
  const BackupResult first = scene.back_up();
  scene.objects.erase(*scene.entry(first, "lost")->content.runs.at(0).id);
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.stats.bytes_read, 21u);
  EXPECT_EQ(scene.content(second, "lost"), "content that was lost");
  EXPECT_EQ(scene.content(second, "kept"), "content that is there");
}

TEST(IncrementalBackup, ReadsABigFileAgainOfWhichTheStoreLostAPart) {
  BackupScene scene;
  scene.write("big", noise(40 << 20));
  const BackupResult first = scene.back_up();
  const Content content = scene.entry(first, "big")->content;
  scene.objects.erase(*content.runs.at(0).id);
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(scene.content(second, "big").size(), std::size_t{40 << 20});
}

TEST(IncrementalBackup, StoresUnchangedTreesAgainThatTheStoreLostBehindACache) {
  BackupScene scene;
  scene.write("d/e/file", "x");
  const BackupResult first = scene.back_up();
  const ObjectId tree = scene.entry(first, "d/e")->tree;
  const Bytes cached = scene.objects.get(ObjectKind::Tree, tree);
  // What a reader's cache still gives is not what is stored.
  class Cache : public ObjectSource {
   public:
    Cache(ObjectSource& source, const ObjectId& id, const Bytes& bytes)
        : source_(source), id_(id), bytes_(bytes) {}
    Bytes get(ObjectKind kind, const ObjectId& id) override {
      return id == id_ ? bytes_ : source_.get(kind, id);
    }

   private:
    ObjectSource& source_;
    const ObjectId& id_;
    const Bytes& bytes_;
  };
  Cache cache(scene.objects, tree, cached);
  scene.objects.erase(tree);
  LocalFiles files(scene.root.path());
  const BackupResult second =
      backup(files, Base{first.root, {4'000'000'000, 0}}, cache, scene.objects, {});
  EXPECT_EQ(second.root, first.root);
  EXPECT_TRUE(scene.objects.contains(ObjectKind::Tree, tree));
}

TEST(IncrementalBackup, TakesOverWhatOfHardLinksDidNotChange) {
  BackupScene scene;
  scene.write("a", noise(1000));
  ASSERT_EQ(::link((scene.root / "a").c_str(), (scene.root / "b").c_str()), 0);
  const BackupResult first = scene.back_up();
  EXPECT_EQ(scene.back_up_again(first).stats.bytes_read, 0u);
}

TEST(IncrementalBackup, TakesOverAFileThatIsTheRoot) {
  BackupScene scene;
  scene.write("file", "x");
  const BackupResult first = scene.back_up("file");
  const Base base{first.root, {first.root.ctime.seconds + 1000, 0}};
  LocalFiles files(scene.root / "file");
  const BackupResult second = backup(files, base, scene.objects, scene.objects, scene.options);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.stats.files_unchanged, 1u);
}

}  // namespace
}  // namespace snapferry::tree
