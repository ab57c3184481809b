#include "mount/mount.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/memory_objects.h"
#include "testing/temporary_directory.h"
#include "testing/tree_builder.h"

namespace snapferry::mount {
namespace {

using testing::build_tree;
using testing::MemoryObjects;
using testing::TemporaryDirectory;
using Lines = std::vector<std::string>;

constexpr std::int64_t kNoon = 1'772'366'400;  // 2026-03-01T12:00:00Z

std::string why_not() {
  const platform::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device.valid()) return "/dev/fuse cannot be opened";
  return ::geteuid() == 0 ? "" : "unmounting needs root";
}

class Problems : public ProblemSink {
 public:
  void problem(std::string_view path, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::string(path) + ": " + std::string(message));
  }
  Lines lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  Lines lines_;
};

class Mount : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = why_not(); !reason.empty()) GTEST_SKIP() << reason;
    options_.problems = &problems_;
  }
  void TearDown() override { stop(); }

  Snapshot snapshot(const Entry& root, std::int64_t minute = 0,
                    VolumeName volume = {"me", "/home"}) {
    Snapshot result;
    result.id.bytes[0] = static_cast<std::uint8_t>(minute + 1);
    result.volume = std::move(volume);
    result.time = {kNoon + 60 * minute, 0};
    result.root = root;
    return result;
  }

  // Returns the directory of the first snapshot of me:/home.
  std::string start(const std::vector<Snapshot>& snapshots) {
    std::promise<void> ready;
    options_.on_ready = [&] { ready.set_value(); };
    server_ = std::thread([this, snapshots, &ready] {
      try {
        mount(snapshots, objects_, directory_.path(), options_);
      } catch (...) {
        ready.set_exception(std::current_exception());
      }
    });
    ready.get_future().get();
    mounted_ = true;
    return directory_ / "me/home/2026-03-01T12-00-00+0000";
  }

  void stop() {
    if (mounted_) {
      EXPECT_EQ(::umount2(directory_.path().c_str(), 0), 0) << std::strerror(errno);
    }
    mounted_ = false;
    if (server_.joinable()) server_.join();
  }

  // Declared first, so that it goes last.
  TemporaryDirectory directory_;
  MemoryObjects objects_;
  Problems problems_;
  MountOptions options_;
  std::thread server_;
  bool mounted_ = false;
};

Lines names_in(const std::string& path) {
  Lines names;
  DIR* stream = ::opendir(path.c_str());
  if (stream == nullptr) return {std::strerror(errno)};
  while (const dirent* entry = ::readdir(stream)) names.push_back(entry->d_name);
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

Lines with_dots(Lines names) {
  names.insert(names.end(), {".", ".."});
  std::ranges::sort(names);
  return names;
}

struct stat status_of(const std::string& path) {
  struct stat stat {};
  EXPECT_EQ(::lstat(path.c_str(), &stat), 0) << path << ": " << std::strerror(errno);
  return stat;
}

std::string content_of(const std::string& path) {
  return std::string(as_text(platform::read_file(path, 1u << 30)));
}

TEST_F(Mount, ShowsHostsVolumesTimesAndTheLatest) {
  const Entry old = build_tree(objects_, {"f=old"});
  const Entry fresh = build_tree(objects_, {"f=new"});
  start({snapshot(old), snapshot(old, 1, {"web", "/"}), snapshot(fresh, 2)});
  EXPECT_EQ(names_in(directory_.path()), with_dots({"me", "web"}));
  EXPECT_EQ(names_in(directory_ / "web"), with_dots({"2026-03-01T12-01-00+0000", "latest"}));
  EXPECT_EQ(names_in(directory_ / "me/home"),
            with_dots({"2026-03-01T12-00-00+0000", "2026-03-01T12-02-00+0000", "latest"}));
  EXPECT_EQ(content_of(directory_ / "me/home/2026-03-01T12-00-00+0000/f"), "old");
  EXPECT_EQ(content_of(directory_ / "me/home/latest/f"), "new");
  EXPECT_EQ(std::filesystem::read_symlink(directory_ / "me/home/latest"),
            "2026-03-01T12-02-00+0000");
  EXPECT_EQ(status_of(directory_ / "me/home").st_mtim.tv_sec, kNoon + 120);
  EXPECT_EQ(names_in(directory_ / "nobody"), (Lines{"No such file or directory"}));
}

TEST_F(Mount, ShowsEveryKindOfFileWithAllItsAttributes) {
  const auto edit = [](EntryType type, std::uint32_t mode, std::uint64_t device) {
    return [=](Entry& entry) {
      entry.type = type;
      entry.mode = mode;
      entry.uid = 12345;
      entry.gid = 54321;
      entry.device = device;
      entry.mtime = {-1'000'000, 123'456'789};
      entry.ctime = {kNoon, 987'654'321};
      if (type == EntryType::File) entry.content = {}, entry.size = 0;
    };
  };
  const std::map<std::string, std::pair<EntryType, mode_t>> kinds = {
      {"block", {EntryType::BlockDevice, S_IFBLK | 0660}},
      {"character", {EntryType::CharacterDevice, S_IFCHR | 0666}},
      {"directory", {EntryType::Directory, S_IFDIR | 01777}},
      {"fifo", {EntryType::Fifo, S_IFIFO | 0600}},
      {"file", {EntryType::File, S_IFREG | 06755}},
      {"socket", {EntryType::Socket, S_IFSOCK | 0755}},
      {"symlink", {EntryType::Symlink, S_IFLNK | 0777}},
  };
  testing::TreeOptions options;
  Lines lines;
  const std::uint64_t device = ::makedev(300, 70'000);
  for (const auto& [name, kind] : kinds) {
    const bool symlink = kind.first == EntryType::Symlink;
    const bool numbered =
        kind.first == EntryType::BlockDevice || kind.first == EntryType::CharacterDevice;
    lines.push_back(name + (symlink ? "->no/where" : ""));
    options.edits[name] = edit(kind.first, kind.second & 07777, numbered ? device : 0);
  }
  const std::string root = start({snapshot(build_tree(objects_, lines, options))});
  for (const auto& [name, kind] : kinds) {
    const struct stat stat = status_of(root + "/" + name);
    EXPECT_EQ(stat.st_mode, kind.second) << name;
    EXPECT_EQ(stat.st_uid, 12345u) << name;
    EXPECT_EQ(stat.st_gid, 54321u) << name;
    EXPECT_EQ(stat.st_mtim.tv_sec, -1'000'000) << name;
    EXPECT_EQ(stat.st_mtim.tv_nsec, 123'456'789) << name;
    EXPECT_EQ(stat.st_ctim.tv_sec, kNoon) << name;
    EXPECT_EQ(stat.st_ctim.tv_nsec, 987'654'321) << name;
    EXPECT_EQ(stat.st_nlink, 1u) << name;
    if (S_ISBLK(stat.st_mode) || S_ISCHR(stat.st_mode)) {
      EXPECT_EQ(stat.st_rdev, device) << name;
    }
  }
  EXPECT_EQ(std::filesystem::read_symlink(root + "/symlink"), "no/where");
  EXPECT_EQ(status_of(root + "/symlink").st_size, 8);
}

TEST_F(Mount, TellsNamesOfOneFileByTheirInodeNumber) {
  const auto link = [](Entry& entry) {
    entry.link_device = 5;
    entry.inode = 77;
  };
  const auto same_inode = [](Entry& entry) { entry.inode = 77; };
  const Entry root = build_tree(objects_, {"a=1", "d/b=1", "c=1"},
                                {.edits = {{"a", link}, {"d/b", link}, {"c", same_inode}}});
  const std::string path = start({snapshot(root), snapshot(root, 1)});
  const struct stat first = status_of(path + "/a");
  EXPECT_EQ(first.st_nlink, 2u);
  EXPECT_EQ(status_of(path + "/d/b").st_ino, first.st_ino);
  EXPECT_NE(status_of(path + "/c").st_ino, first.st_ino);
  EXPECT_NE(status_of(directory_ / "me/home/latest/a").st_ino, first.st_ino);
}

TEST_F(Mount, ShowsExtendedAttributesExactly) {
  const auto edit = [](Entry& entry) {
    entry.xattrs = {{"security.capability", {1, 0, 0, 2}}, {"user.empty", {}}, {"user.x", {0, 9}}};
  };
  const std::string root =
      start({snapshot(build_tree(objects_, {"f=1", "l->x"}, {.edits = {{"f", edit}}}))});
  char buffer[100];
  const std::string file = root + "/f";
  const ssize_t length = ::listxattr(file.c_str(), buffer, sizeof buffer);
  ASSERT_GT(length, 0);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(length)),
            std::string("security.capability\0user.empty\0user.x\0", 38));
  EXPECT_EQ(::getxattr(file.c_str(), "user.x", buffer, sizeof buffer), 2);
  EXPECT_EQ(std::string(buffer, 2), std::string("\0\x09", 2));
  EXPECT_EQ(::getxattr(file.c_str(), "user.empty", buffer, sizeof buffer), 0);
  EXPECT_GT(::getxattr(file.c_str(), "user.snapferry.mount", buffer, sizeof buffer), 0)
      << "a mount of ours is not known as one";
  EXPECT_EQ(::getxattr(file.c_str(), "user.none", buffer, sizeof buffer), -1);
  EXPECT_EQ(errno, ENODATA);
  EXPECT_EQ(::getxattr(file.c_str(), "user.x", buffer, 1), -1);
  EXPECT_EQ(errno, ERANGE);
  EXPECT_EQ(::llistxattr((root + "/l").c_str(), buffer, sizeof buffer), 0);
}

// A file of 3 MiB in chunks of 64 KiB, with a hole of 1 MiB in its middle.
Entry big_file(MemoryObjects& objects, std::string& expected) {
  Entry entry;
  constexpr std::size_t kChunk = 64 << 10;
  for (int part = 0; part < 48; ++part) {
    if (part >= 16 && part < 32) {
      expected.append(kChunk, '\0');
      if (part == 16) entry.content.runs.push_back({1 << 20, std::nullopt});
      continue;
    }
    std::string chunk(kChunk, '\0');
    for (std::size_t at = 0; at < kChunk; ++at)
      chunk[at] = static_cast<char>(at * 7 + part * 13 + at / 251);
    entry.content.runs.push_back({kChunk, objects.put(ObjectKind::Data, as_bytes(chunk))});
    expected += chunk;
  }
  entry.size = expected.size();
  return entry;
}

TEST_F(Mount, ReadsAnyRangeAndReadsEachChunkOnce) {
  std::string expected;
  const Entry big = big_file(objects_, expected);
  const auto edit = [&](Entry& entry) {
    entry.size = big.size;
    entry.content = big.content;
  };
  const std::string root =
      start({snapshot(build_tree(objects_, {"big="}, {.edits = {{"big", edit}}}))});
  objects_.reset_counters();
  EXPECT_TRUE(content_of(root + "/big") == expected);
  EXPECT_EQ(objects_.gets(ObjectKind::Data), 32u);
  const platform::Fd file = platform::open_path(root + "/big", O_RDONLY | O_DIRECT);
  for (const std::size_t offset : {0ul, 1ul, 65'535ul, 1'048'570ul, expected.size() - 3}) {
    std::string part(100'000, 'x');
    part.resize(platform::pread_up_to(file.get(), reinterpret_cast<std::uint8_t*>(part.data()),
                                      part.size(), offset, "big"));
    EXPECT_TRUE(part == expected.substr(offset, 100'000)) << offset;
  }
}

TEST_F(Mount, ShowsHoles) {
  std::string expected;
  const Entry big = big_file(objects_, expected);
  const auto edit = [&](Entry& entry) {
    entry.size = big.size;
    entry.content = big.content;
  };
  const std::string root =
      start({snapshot(build_tree(objects_, {"big="}, {.edits = {{"big", edit}}}))});
  EXPECT_EQ(status_of(root + "/big").st_blocks, (2 << 20) / 512);
  const platform::Fd file = platform::open_path(root + "/big", O_RDONLY);
  EXPECT_EQ(::lseek(file.get(), 5, SEEK_HOLE), 1 << 20);
  EXPECT_EQ(::lseek(file.get(), 1 << 20, SEEK_DATA), 2 << 20);
  EXPECT_EQ(::lseek(file.get(), 2 << 20, SEEK_HOLE), 3 << 20);
  EXPECT_EQ(::lseek(file.get(), 3 << 20, SEEK_DATA), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(Mount, ListsABigDirectoryWholeAndFromTheMiddle) {
  Lines lines;
  std::set<std::string> expected{".", ".."};
  for (int number = 0; number < 5000; ++number) {
    const std::string name = "file-" + std::to_string(number);
    lines.push_back(name + "=");
    expected.insert(name);
  }
  const std::string root =
      start({snapshot(build_tree(objects_, lines, {.edits = {}, .names_per_node = 50}))});
  Lines seen = names_in(root);
  EXPECT_EQ(seen.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), expected);
  DIR* stream = ::opendir(root.c_str());
  ASSERT_NE(stream, nullptr);
  for (int count = 0; count < 3000; ++count) ::readdir(stream);
  const long place = ::telldir(stream);
  const std::string next = ::readdir(stream)->d_name;
  while (::readdir(stream) != nullptr) {
  }
  ::seekdir(stream, place);
  EXPECT_EQ(::readdir(stream)->d_name, next);
  ::rewinddir(stream);
  int count = 0;
  while (::readdir(stream) != nullptr) ++count;
  EXPECT_EQ(count, 5002);
  ::closedir(stream);
}

TEST_F(Mount, KeepsNamesOfAnyBytes) {
  const std::string odd = "\xff\n \x01";
  const std::string longest(255, 'n');
  const std::string root = start({snapshot(build_tree(objects_, {odd + "=1", longest + "=2"}))});
  EXPECT_EQ(content_of(root + "/" + odd), "1");
  EXPECT_EQ(content_of(root + "/" + longest), "2");
  EXPECT_EQ(names_in(root), with_dots({longest, odd}));
}

TEST_F(Mount, ShowsAVolumeThatIsAFile) {
  Entry root;
  root.mode = 0600;
  root.size = 4;
  root.content.runs = {{4, objects_.put(ObjectKind::Data, as_bytes("dump"))}};
  start({snapshot(root, 0, {"me", "stdin:db"})});
  EXPECT_EQ(content_of(directory_ / "me/stdin:db/latest"), "dump");
}

TEST_F(Mount, AnswersDamageWithAnErrorAndServesTheRest) {
  const Entry root = build_tree(objects_, {"bad=lost", "good=kept", "gone/x=1"});
  const Entry gone = build_tree(objects_, {"x=1"});
  objects_.erase(gone.tree);
  objects_.erase(objects_.id_of(ObjectKind::Data, as_bytes("lost")));
  const std::string path = start({snapshot(root)});
  const platform::Fd file = platform::open_path(path + "/bad", O_RDONLY);
  char byte;
  EXPECT_EQ(::read(file.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(names_in(path + "/gone"), (Lines{"Input/output error"}));
  EXPECT_EQ(content_of(path + "/good"), "kept");
  EXPECT_FALSE(problems_.lines().empty());
  EXPECT_TRUE(problems_.lines()[0].starts_with("bad: data ")) << problems_.lines()[0];
}

TEST_F(Mount, CannotBeWrittenTo) {
  const std::string root = start({snapshot(build_tree(objects_, {"f=1"}))});
  EXPECT_EQ(::open((root + "/f").c_str(), O_WRONLY), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::mkdir((directory_ / "new").c_str(), 0700), -1);
  EXPECT_EQ(errno, EROFS);
  struct statvfs file_system {};
  ASSERT_EQ(::statvfs(root.c_str(), &file_system), 0);
  EXPECT_NE(file_system.f_flag & ST_RDONLY, 0u);
  EXPECT_NE(file_system.f_flag & ST_NOSUID, 0u);
  EXPECT_NE(file_system.f_flag & ST_NODEV, 0u);
}

TEST_F(Mount, ShowsNewSnapshotsWhenTheListMayBeAskedForAgain) {
  const Entry root = build_tree(objects_, {"f=1"});
  const std::vector<Snapshot> later{snapshot(root), snapshot(root, 5)};
  options_.refresh = [&] { return later; };
  options_.refresh_interval = std::chrono::milliseconds(0);
  start({snapshot(root)});
  EXPECT_EQ(names_in(directory_ / "me/home"),
            with_dots({"2026-03-01T12-00-00+0000", "2026-03-01T12-05-00+0000", "latest"}));
  EXPECT_EQ(content_of(directory_ / "me/home/latest/f"), "1");
}

TEST_F(Mount, DoesNotAskForTheListTooOften) {
  std::atomic<int> asked{0};
  options_.refresh = [&] {
    ++asked;
    return std::vector<Snapshot>{};
  };
  options_.refresh_interval = std::chrono::hours(1);
  start({snapshot(build_tree(objects_, {"f=1"}))});
  EXPECT_EQ(names_in(directory_.path()), with_dots({"me"}));
  EXPECT_EQ(asked, 0);
}

TEST_F(Mount, KeepsTheListWhereANewOneCannotBeHad) {
  options_.refresh = []() -> std::vector<Snapshot> {
    throw Error(ErrorKind::Unavailable, "store: gone");
  };
  options_.refresh_interval = std::chrono::milliseconds(0);
  start({snapshot(build_tree(objects_, {"f=1"}))});
  EXPECT_EQ(names_in(directory_.path()), with_dots({"me"}));
  EXPECT_EQ(problems_.lines().at(0), ": store: gone");
}

TEST_F(Mount, ServesManyReadersAtOnce) {
  Lines lines;
  for (int number = 0; number < 200; ++number) {
    lines.push_back("d" + std::to_string(number % 10) + "/f" + std::to_string(number) + "=" +
                    std::string(1000, static_cast<char>('a' + number % 26)));
  }
  const std::string root = start({snapshot(build_tree(objects_, lines))});
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 4; ++reader) {
      readers.emplace_back([&] {
        for (int number = 0; number < 200; ++number) {
          const std::string path =
              root + "/d" + std::to_string(number % 10) + "/f" + std::to_string(number);
          const std::string expected(1000, static_cast<char>('a' + number % 26));
          if (content_of(path) == expected) ++right;
        }
      });
    }
  }
  EXPECT_EQ(right, 800);
}

TEST_F(Mount, EndsAndUnmountsOnSignals) {
  for (const int signal : {SIGTERM, SIGINT}) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const Entry root = build_tree(objects_, {"f=1"});
      options_.on_ready = [&] { (void)!::write(ready[1], "x", 1); };
      try {
        mount({snapshot(root)}, objects_, directory_.path(), options_);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    char byte;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(content_of(directory_ / "me/home/latest/f"), "1");
    EXPECT_EQ(::kill(child, signal), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_EQ(names_in(directory_.path()), with_dots({}));
    ::close(ready[0]);
    ::close(ready[1]);
  }
}

std::string refusal(const std::string& directory, ErrorKind kind) {
  MemoryObjects objects;
  try {
    mount({}, objects, directory);
    ADD_FAILURE() << "it was mounted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.message();
  }
  return "";
}

TEST(MountPoint, MustBeAnEmptyDirectory) {
  const TemporaryDirectory directory;
  const std::string missing = directory / "missing";
  EXPECT_EQ(refusal(missing, ErrorKind::NotFound), missing + ": no such directory; make it first");
  const std::string file = directory / "file";
  platform::open_path(file, O_WRONLY | O_CREAT, 0600);
  EXPECT_EQ(refusal(file, ErrorKind::InvalidArgument),
            file + ": is not a directory; name an empty one");
  EXPECT_EQ(refusal(directory.path(), ErrorKind::Conflict),
            directory.path() + ": is not empty; name an empty directory to mount on");
}

}  // namespace
}  // namespace snapferry::mount
