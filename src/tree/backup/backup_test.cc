#include "tree/backup/backup.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "core/tree_reader.h"
#include "platform/fd.h"
#include "testing/backup_scene.h"
#include "tree/exclude.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::noise;
using Names = std::vector<std::string>;

TEST(Backup, StoresAnEmptyDirectory) {
  BackupScene scene;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(backup.root.type, EntryType::Directory);
  EXPECT_TRUE(scene.names(backup).empty());
  EXPECT_EQ(backup.stats.directories, 1u);
  EXPECT_EQ(backup.stats.files, 0u);
}

TEST(Backup, StoresFilesAndDirectories) {
  BackupScene scene;
  scene.write("a/b/c", "deep");
  scene.write("empty", "");
  scene.write("small", noise(300'000));
  scene.make_directory("nothing");
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup), (Names{"a", "empty", "nothing", "small"}));
  EXPECT_EQ(scene.content(backup, "a/b/c"), "deep");
  EXPECT_EQ(scene.content(backup, "empty"), "");
  EXPECT_EQ(scene.content(backup, "small"), noise(300'000));
  EXPECT_TRUE(scene.names(backup, "nothing").empty());
  EXPECT_EQ(backup.stats.files, 3u);
  EXPECT_EQ(backup.stats.files_new, 3u);
  EXPECT_EQ(backup.stats.directories, 4u);
  EXPECT_EQ(backup.stats.bytes, 300'004u);
  EXPECT_EQ(backup.stats.bytes_read, 300'004u);
  EXPECT_TRUE(scene.entry(backup, "empty")->content.runs.empty());
  EXPECT_TRUE(scene.problems().empty());
}

TEST(Backup, CutsBigFilesIntoChunks) {
  BackupScene scene;
  scene.write("big", noise(20 << 20));
  scene.write("twice", noise(20 << 20));
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.content(backup, "big"), noise(20 << 20));
  EXPECT_GT(scene.entry(backup, "big")->content.runs.size(), 5u);
  EXPECT_EQ(scene.entry(backup, "big")->content, scene.entry(backup, "twice")->content);
}

TEST(Backup, TakesEveryAttributeOfAFile) {
  BackupScene scene;
  scene.write("file", "x");
  const std::string path = scene.root / "file";
  ASSERT_EQ(::chmod(path.c_str(), 06751), 0);
  ASSERT_EQ(::setxattr(path.c_str(), "user.b", "2", 1, 0), 0);
  ASSERT_EQ(::setxattr(path.c_str(), "user.a", "", 0, 0), 0);
  const timespec times[] = {{1, 2}, {-3, 999'999'999}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  struct stat stat;
  ASSERT_EQ(::stat(path.c_str(), &stat), 0);
  const Entry entry = scene.entry(scene.back_up(), "file").value();
  EXPECT_EQ(entry.type, EntryType::File);
  EXPECT_EQ(entry.mode, 06751u);
  EXPECT_EQ(entry.uid, stat.st_uid);
  EXPECT_EQ(entry.gid, stat.st_gid);
  EXPECT_EQ(entry.inode, stat.st_ino);
  EXPECT_EQ(entry.mtime, (Timestamp{-3, 999'999'999}));
  EXPECT_EQ(entry.ctime, (Timestamp{stat.st_ctim.tv_sec, std::uint32_t(stat.st_ctim.tv_nsec)}));
  ASSERT_EQ(entry.xattrs.size(), 2u);
  EXPECT_EQ(entry.xattrs[0], (ExtendedAttribute{"user.a", {}}));
  EXPECT_EQ(entry.xattrs[1], (ExtendedAttribute{"user.b", {'2'}}));
  EXPECT_FALSE(entry.link_device);
  EXPECT_FALSE(entry.unsettled);
}

TEST(Backup, TakesTheAttributesOfDirectories) {
  BackupScene scene;
  scene.make_directory("d");
  ASSERT_EQ(::chmod((scene.root / "d").c_str(), 01777), 0);
  ASSERT_EQ(::setxattr((scene.root / "d").c_str(), "user.x", "y", 1, 0), 0);
  ASSERT_EQ(::setxattr(scene.root.path().c_str(), "user.root", "z", 1, 0), 0);
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "d")->mode, 01777u);
  EXPECT_EQ(scene.entry(backup, "d")->xattrs.at(0).name, "user.x");
  EXPECT_EQ(backup.root.xattrs.at(0).name, "user.root");
}

TEST(Backup, DescribesWhatIsNoFile) {
  BackupScene scene;
  scene.make_symlink("dangling", std::string("no\xff\x01such thing"));
  ASSERT_EQ(::mkfifo((scene.root / "fifo").c_str(), 0640), 0);
  const platform::Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (scene.root / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const bool devices = ::mknod((scene.root / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  if (devices) {
    ASSERT_EQ(::mknod((scene.root / "loop").c_str(), S_IFBLK | 0600, makedev(7, 200)), 0);
  }
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "dangling")->target, "no\xff\x01such thing");
  EXPECT_EQ(scene.entry(backup, "dangling")->size, 0u);
  EXPECT_EQ(scene.entry(backup, "fifo")->type, EntryType::Fifo);
  EXPECT_EQ(scene.entry(backup, "fifo")->mode, 0640u);
  EXPECT_EQ(scene.entry(backup, "socket")->type, EntryType::Socket);
  EXPECT_TRUE(scene.problems().empty());
  if (!devices) GTEST_SKIP() << "device nodes need root";
  EXPECT_EQ(scene.entry(backup, "null")->type, EntryType::CharacterDevice);
  EXPECT_EQ(scene.entry(backup, "null")->device, makedev(1, 3));
  EXPECT_EQ(scene.entry(backup, "loop")->device, makedev(7, 200));
  EXPECT_EQ(scene.entry(backup, "loop")->type, EntryType::BlockDevice);
}

TEST(Backup, TakesNamesOfAnyBytesAndOf255Bytes) {
  BackupScene scene;
  const std::string longest(255, 'n');
  scene.write("\xff\xfe\n\t'\"", "odd");
  scene.write(longest, "long");
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.content(backup, "\xff\xfe\n\t'\""), "odd");
  EXPECT_EQ(scene.content(backup, longest), "long");
}

// Makes `levels` directories below one another, each with a file and an empty directory
// beside the next, with names of `length`.
void make_deep(const std::string& top, int levels, std::size_t length) {
  platform::Fd at = platform::open_path(top, O_RDONLY | O_DIRECTORY);
  const std::string name(length, 'd');
  for (int level = 0; level < levels; ++level) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0755), 0);
    ASSERT_EQ(::mkdirat(at.get(), "zz", 0755), 0);
    platform::open_at(at.get(), "file", O_CREAT | O_WRONLY, 0644, "file");
    at = platform::open_at(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY, 0, name);
  }
  platform::open_at(at.get(), "bottom", O_CREAT | O_WRONLY, 0644, "bottom");
}

TEST(Backup, GoesDeeperThanPathsCan) {
  BackupScene scene;
  make_deep(scene.root.path(), 1500, 200);
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(backup.stats.directories, 3001u);
  EXPECT_EQ(backup.stats.files, 1501u);
  EXPECT_TRUE(scene.problems().empty());
  std::string path;
  for (int level = 0; level < 1500; ++level) path += std::string(200, 'd') + "/";
  EXPECT_TRUE(scene.entry(backup, path + "bottom"));
  scene.objects.reset_counters();
  EXPECT_EQ(scene.back_up_again(backup).root, backup.root);
  EXPECT_EQ(scene.objects.puts(), 0u);
}

TEST(Backup, StoresADirectoryOfManyFiles) {
  BackupScene scene;
  for (int i = 0; i < 5000; ++i) scene.write("d/" + std::to_string(i), std::to_string(i));
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "d").size(), 5000u);
  EXPECT_EQ(scene.content(backup, "d/1234"), "1234");
  EXPECT_FALSE(
      TreeNode::parse(scene.objects.get(ObjectKind::Tree, scene.entry(backup, "d")->tree)).is_leaf);
}

TEST(Backup, TakesAnyFileAsItsRoot) {
  BackupScene scene;
  scene.write("file", "content");
  scene.write("big", noise(5 << 20));
  scene.make_symlink("link", "file");
  EXPECT_EQ(scene.content(scene.back_up("file"), ""), "content");
  EXPECT_EQ(scene.content(scene.back_up("big"), ""), noise(5 << 20));
  const BackupResult link = scene.back_up("link");
  EXPECT_EQ(link.root.type, EntryType::Symlink);
  EXPECT_EQ(link.root.target, "file");
  EXPECT_EQ(link.root.name, "");
}

TEST(Backup, RefusesAPathThatIsNotThere) {
  BackupScene scene;
  try {
    scene.back_up("missing");
    FAIL() << "was there";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  }
}

void punch(const std::string& path, off_t size,
           const std::vector<std::pair<off_t, std::string>>& at) {
  const platform::Fd file = platform::open_path(path, O_CREAT | O_WRONLY, 0644);
  for (const auto& [offset, text] : at) {
    platform::pwrite_all(file.get(), as_bytes(text), static_cast<std::uint64_t>(offset), path);
  }
  ASSERT_EQ(::ftruncate(file.get(), size), 0);
}

std::string shape(const Entry& entry) {
  std::string text;
  for (const ContentRun& run : entry.content.runs) {
    text += (run.id ? "data " : "hole ") + std::to_string(run.length >> 10) + "K ";
  }
  return text;
}

TEST(Backup, RecordsHoles) {
  BackupScene scene;
  const std::string block = noise(64 << 10);
  punch(scene.root / "middle", 3 << 20, {{0, block}, {2 << 20, block}});
  punch(scene.root / "all", 10 << 20, {});
  punch(scene.root / "small", 256 << 10, {{128 << 10, block}});
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(shape(*scene.entry(backup, "middle")), "data 64K hole 1984K data 64K hole 960K ");
  EXPECT_EQ(shape(*scene.entry(backup, "all")), "hole 10240K ");
  EXPECT_EQ(shape(*scene.entry(backup, "small")), "hole 128K data 64K hole 64K ");
  EXPECT_EQ(backup.stats.bytes_read, 3u * (64 << 10));
}

TEST(Backup, PutsTheRunsOfAFileWithManyHolesIntoLists) {
  BackupScene scene;
  std::vector<std::pair<off_t, std::string>> blocks;
  for (int i = 0; i < 3000; ++i) blocks.emplace_back(off_t{i} << 16, noise(4096, 1 + i % 7));
  punch(scene.root / "file", off_t{3000} << 16, blocks);
  const BackupResult backup = scene.back_up();
  const Entry entry = scene.entry(backup, "file").value();
  EXPECT_EQ(entry.content.depth, 1);
  EXPECT_EQ(entry.size, std::uint64_t{3000} << 16);
  const Bytes block = TreeReader(scene.objects).read(entry, 1499u << 16, 4096);
  EXPECT_EQ(as_text(block), noise(4096, 1 + 1499 % 7));
}

TEST(Backup, ReadsHardLinksOnce) {
  BackupScene scene;
  scene.options.threads = 1;
  scene.write("a", noise(100'000));
  ASSERT_EQ(::link((scene.root / "a").c_str(), (scene.root / "b").c_str()), 0);
  ASSERT_EQ(::setxattr((scene.root / "a").c_str(), "user.x", "y", 1, 0), 0);
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(backup.stats.bytes_read, 100'000u);
  EXPECT_EQ(scene.content(backup, "b"), noise(100'000));
  Entry a = scene.entry(backup, "a").value();
  const Entry b = scene.entry(backup, "b").value();
  EXPECT_TRUE(a.link_device);
  a.name = "b";
  EXPECT_EQ(a, b);
}

TEST(Backup, NamesTheOwnersThatOccur) {
  BackupScene scene;
  scene.write("file", "");
  if (::chown((scene.root / "file").c_str(), 1, 12345) != 0) GTEST_SKIP() << "chown needs root";
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(backup.users, (std::vector<OwnerName>{{0, "root"}, {1, "daemon"}}));
  EXPECT_EQ(backup.groups, (std::vector<OwnerName>{{0, "root"}}));
}

TEST(Backup, CountsProgress) {
  BackupScene scene;
  Progress progress;
  scene.options.progress = &progress;
  scene.write("d/small", noise(1000));
  scene.write("big", noise(3 << 20));
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(progress.files, 2u);
  EXPECT_EQ(progress.bytes, backup.stats.bytes);
}

TEST(Backup, LeavesOutWhatIsExcludedAndNeverOpensIt) {
  BackupScene scene;
  const ExcludeRules rules({"*.tmp", "/cache/", "!keep.tmp"});
  scene.options.excludes = &rules;
  scene.write("a.tmp", "");
  scene.write("d/keep.tmp", "");
  scene.write("d/b.tmp", "");
  scene.write("cache/x", "");
  scene.write("d/cache/y", "");
  Names opened;
  scene.options.threads = 1;
  scene.hooks.opening = [&](std::string_view path) {
    opened.emplace_back(path);
    return 0;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup), Names{"d"});
  EXPECT_EQ(scene.names(backup, "d"), (Names{"cache", "keep.tmp"}));
  EXPECT_EQ(backup.stats.files, 2u);
  EXPECT_EQ(opened, (Names{"", "d", "d/keep.tmp", "d/cache", "d/cache/y"}));
}

TEST(Backup, KeepsOnlyTheTagOfCaches) {
  BackupScene scene;
  const std::string signature = "Signature: 8a477f597d28d172789f06886806bc55\n# a comment";
  scene.write("cache/CACHEDIR.TAG", signature);
  scene.write("cache/x", "");
  scene.write("not/CACHEDIR.TAG", "something else");
  scene.write("not/y", "");
  scene.options.exclude_caches = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "cache"), Names{"CACHEDIR.TAG"});
  EXPECT_EQ(scene.names(backup, "not"), (Names{"CACHEDIR.TAG", "y"}));
  scene.options.exclude_caches = false;
  EXPECT_EQ(scene.names(scene.back_up(), "cache"), (Names{"CACHEDIR.TAG", "x"}));
}

TEST(Backup, LeavesOutTheStore) {
  BackupScene scene;
  scene.write("store/x", "");
  scene.write("file", "");
  struct stat stat;
  ASSERT_EQ(::stat((scene.root / "store").c_str(), &stat), 0);
  scene.options.skip = {{stat.st_dev, stat.st_ino}};
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup), Names{"file"});
  EXPECT_THROW(scene.back_up("store"), Error);
}

TEST(BackupStream, StoresWhatComesThroughAPipe) {
  BackupScene scene;
  const std::string text = noise(9 << 20);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const platform::Fd out(ends[0]);
  std::jthread writer([&] {
    const platform::Fd in(ends[1]);
    platform::write_all(in.get(), as_bytes(text), "pipe");
  });
  const BackupResult backup = backup_stream(out.get(), scene.objects, scene.options);
  EXPECT_EQ(scene.content(backup, ""), text);
  EXPECT_EQ(backup.root.mode, 0600u);
  EXPECT_EQ(backup.root.name, "");
  EXPECT_GT(backup.root.mtime.seconds, 1'700'000'000);
  EXPECT_EQ(backup.stats.bytes, text.size());
}

TEST(BackupStream, StoresAnEmptyStream) {
  BackupScene scene;
  const platform::Fd nothing = platform::open_path("/dev/null", O_RDONLY);
  const BackupResult backup = backup_stream(nothing.get(), scene.objects, scene.options);
  EXPECT_EQ(backup.root.size, 0u);
  EXPECT_TRUE(backup.root.content.runs.empty());
}

}  // namespace
}  // namespace snapferry::tree
