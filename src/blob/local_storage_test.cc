#include "blob/local_storage.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/clock.h"
#include "testing/errors.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"

namespace snapferry::blob {
namespace {

using snapferry::testing::TemporaryDirectory;

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

bool exists(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0;
}

unsigned mode_of(const std::string& path) {
  struct stat stat;
  return ::stat(path.c_str(), &stat) == 0 ? stat.st_mode & 07777 : 0;
}

void write_file(const std::string& path, std::int64_t age_in_seconds = 0) {
  const platform::Fd fd = platform::open_path(path, O_WRONLY | O_CREAT, 0600);
  const time_t then = platform::system_clock().now().seconds - age_in_seconds;
  const timespec times[2] = {{then, 0}, {then, 0}};
  ASSERT_EQ(::futimens(fd.get(), times), 0);
}

std::vector<std::string> names_below(const std::string& path) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(path.c_str());
  while (const dirent* entry = ::readdir(stream)) names.emplace_back(entry->d_name);
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  names.erase(names.begin(), names.begin() + 2);  // "." and ".."
  return names;
}

using Names = std::vector<std::string>;

TEST(LocalStorage, OpenSaysHowToMakeAMissingStore) {
  const TemporaryDirectory directory;
  const std::string path = directory / "missing";
  EXPECT_ERROR(LocalStorage::open(path), ErrorKind::NotFound);
  EXPECT_EQ(
      message_of([&] { LocalStorage::open(path); }),
      path + ": there is no directory; make a store with: snapferry init --store repo:" + path);
  EXPECT_FALSE(exists(path));
}

TEST(LocalStorage, OpenOfAFileIsNotFound) {
  const TemporaryDirectory directory;
  write_file(directory / "file");
  EXPECT_ERROR(LocalStorage::open(directory / "file"), ErrorKind::NotFound);
}

TEST(LocalStorage, CreateMakesAPrivateDirectory) {
  const TemporaryDirectory directory;
  LocalStorage::create(directory / "store")->put("packs/3f00", as_bytes("x"));
  EXPECT_EQ(mode_of(directory / "store"), 0700u);
  EXPECT_EQ(mode_of(directory / "store/packs"), 0700u);
  EXPECT_EQ(mode_of(directory / "store/packs/3f/3f00"), 0600u);
}

TEST(LocalStorage, CreateTakesAnEmptyDirectoryOrItsOwn) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkdir((directory / "lost+found").c_str(), 0700), 0);
  LocalStorage::create(directory.path())->put("keys/a", as_bytes("x"));
  EXPECT_EQ(LocalStorage::create(directory.path())->list("keys").size(), 1u);
}

TEST(LocalStorage, CreateRefusesADirectoryOfOthersAndChangesNothing) {
  const TemporaryDirectory directory;
  write_file(directory / "letter.txt");
  EXPECT_ERROR(LocalStorage::create(directory.path()), ErrorKind::Conflict);
  EXPECT_EQ(names_below(directory.path()), Names{"letter.txt"});
  EXPECT_ERROR(LocalStorage::create(directory / "letter.txt"), ErrorKind::Conflict);
  ASSERT_EQ(::symlink("/nowhere/at/all", (directory / "link").c_str()), 0);
  try {
    LocalStorage::create(directory / "link");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_NE(error.message().find("is a symlink to where nothing is"), std::string::npos);
  }
}

TEST(LocalStorage, CreateDoesNotMakeDirectoriesAbove) {
  const TemporaryDirectory directory;
  EXPECT_ERROR(LocalStorage::create(directory / "a/b"), ErrorKind::NotFound);
  EXPECT_FALSE(exists(directory / "a"));
}

TEST(LocalStorage, SpreadsPacksOverDirectories) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  const std::string id = "3f" + std::string(62, 'a');
  storage->put("packs/" + id, as_bytes("x"));
  storage->put("keys/" + id, as_bytes("x"));
  EXPECT_TRUE(exists(directory / "store/packs/3f/" + id));
  EXPECT_TRUE(exists(directory / "store/keys/" + id));
}

TEST(LocalStorage, LeavesNoTemporaryFiles) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  storage->put("keys/a", as_bytes("x"));
  storage->put_new("keys/b", as_bytes("x"));
  EXPECT_ERROR(storage->put_new("keys/b", as_bytes("y")), ErrorKind::AlreadyExists);
  EXPECT_EQ(names_below(directory / "store/keys"), (Names{"a", "b"}));
}

TEST(LocalStorage, ListRemovesTemporaryFilesOlderThanADay) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  storage->put("packs/3f00", as_bytes("x"));
  const std::string shard = directory / "store/packs/3f/";
  write_file(shard + ".tmp-old", 25 * 60 * 60);
  write_file(shard + ".tmp-young", 23 * 60 * 60);
  write_file(shard + ".other", 25 * 60 * 60);
  EXPECT_EQ(storage->list("packs").size(), 1u);
  EXPECT_EQ(names_below(shard), (Names{".other", ".tmp-young", "3f00"}));
}

TEST(LocalStorage, ThatWroteNothingKnowsNoTimeOfTheStorageAndRemovesNothing) {
  const TemporaryDirectory directory;
  LocalStorage::create(directory / "store")->put("packs/3f00", as_bytes("x"));
  write_file(directory / "store/packs/3f/.tmp-old", 25 * 60 * 60);
  LocalStorage::open(directory / "store")->list("packs");
  EXPECT_TRUE(exists(directory / "store/packs/3f/.tmp-old"));
}

TEST(LocalStorage, SurvivesTheRenamingOfItsDirectory) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  ASSERT_EQ(::rename((directory / "store").c_str(), (directory / "moved").c_str()), 0);
  storage->put("packs/3f00", as_bytes("x"));
  storage->sync();
  EXPECT_TRUE(exists(directory / "moved/packs/3f/3f00"));
}

TEST(LocalStorage, KeepsFewDescriptorsOpen) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  const std::size_t before = names_below("/proc/self/fd").size();
  for (int i = 0; i < 300; ++i) {
    const std::string name = "packs/" + std::to_string(1000 + i);
    storage->put(name, as_bytes("x"));
    storage->get_range(name, 0, 1);
    storage->get(name);
    storage->info(name);
  }
  storage->list("packs");
  storage->sync();
  EXPECT_LE(names_below("/proc/self/fd").size(), before + LocalStorage::kOpenFiles);
}

TEST(LocalStorage, ReadsTheNewBytesAfterAnyReplacementAmongManyOpenFiles) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      const std::string name = "packs/" + std::to_string(100 + i);
      const std::string text = std::to_string(round) + " of " + name;
      storage->put(name, as_bytes(text));
      EXPECT_EQ(as_text(storage->get_range(name, 0, text.size())), text);
    }
  }
}

TEST(LocalStorage, DirectoriesAndSymlinksAreNoObjects) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  storage->put("keys/a", as_bytes("x"));
  ASSERT_EQ(::mkdir((directory / "store/keys/directory").c_str(), 0700), 0);
  ASSERT_EQ(::symlink("a", (directory / "store/keys/link").c_str()), 0);
  // They are listed all the same: whoever has to know that something is gone must see it.
  std::map<std::string, bool> listed;
  for (const ObjectInfo& info : storage->list("keys")) listed[info.name] = info.is_file;
  EXPECT_EQ(listed, (std::map<std::string, bool>{
                        {"keys/a", true}, {"keys/directory", false}, {"keys/link", false}}));
  for (const std::string name : {"keys/directory", "keys/link"}) {
    EXPECT_ERROR(storage->get(name), ErrorKind::Corrupt);
    EXPECT_ERROR(storage->get_range(name, 0, 1), ErrorKind::Corrupt);
    EXPECT_ERROR(storage->info(name), ErrorKind::Corrupt);
  }
}

TEST(LocalStorage, DoesNotWaitForAFifoAndOpensNoDevice) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  ASSERT_EQ(::mkfifo((directory / "store/config").c_str(), 0600), 0);
  EXPECT_ERROR(storage->get("config"), ErrorKind::Corrupt);
  EXPECT_ERROR(storage->get_tail("config", 1), ErrorKind::Corrupt);
  EXPECT_ERROR(storage->info("config"), ErrorKind::Corrupt);
  EXPECT_TRUE(storage->list("").empty());
  EXPECT_EQ(
      message_of([&] { storage->get("config"); }),
      (directory / "store/config") +
          ": is a FIFO and not a file of a store; put the file itself in its place, or remove "
          "what is there");
}

TEST(LocalStorage, RemovesWhatIsNoFileButNoDirectoryThatHoldsAnything) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  storage->put("keys/a", as_bytes("x"));
  ASSERT_EQ(::symlink("a", (directory / "store/keys/link").c_str()), 0);
  ASSERT_EQ(::mkdir((directory / "store/keys/full").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((directory / "store/keys/full/empty").c_str(), 0700), 0);
  storage->remove("keys/link");
  EXPECT_TRUE(exists(directory / "store/keys/a"));
  EXPECT_ERROR(storage->remove("keys/full"), ErrorKind::Conflict);
  ASSERT_EQ(::rmdir((directory / "store/keys/full/empty").c_str()), 0);
  storage->remove("keys/full");
  EXPECT_EQ(storage->list("keys").size(), 1u);
}

TEST(LocalStorage, KnowsAPlaceThatIsGoneFromOneThatIsEmpty) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  EXPECT_FALSE(storage->has_place("keys"));
  EXPECT_TRUE(storage->list("keys").empty());
  storage->make_place("keys");
  storage->make_place("keys");
  EXPECT_TRUE(storage->has_place("keys"));
  ASSERT_EQ(::rmdir((directory / "store/keys").c_str()), 0);
  ASSERT_EQ(::symlink("/nowhere/at/all", (directory / "store/keys").c_str()), 0);
  EXPECT_ERROR(storage->list("keys"), ErrorKind::Unavailable);
  EXPECT_ERROR(storage->has_place("keys"), ErrorKind::Unavailable);
}

TEST(LocalStorage, ReadsNoByteOfASparseTerabyte) {
  const TemporaryDirectory directory;
  const auto storage = LocalStorage::create(directory / "store");
  storage->put("config", as_bytes("x"));
  if (::truncate((directory / "store/config").c_str(), off_t{1} << 40) != 0) {
    GTEST_SKIP() << "this filesystem has no such large files";
  }
  EXPECT_ERROR(storage->get("config", 4096), ErrorKind::Corrupt);
}

// --- Filesystems that lack something ---

const std::vector<snapferry::testing::RefusedCall> kNoLinks = {{SYS_renameat2, EINVAL},
                                                               {SYS_linkat, EPERM}};

TEST(LocalStorageWithoutLinks, MakesANewObjectOnce) {
  const TemporaryDirectory directory;
  const bool ran = snapferry::testing::with_refused_calls(kNoLinks, [&] {
    const auto storage = LocalStorage::create(directory / "store");
    storage->put_new("keys/a", as_bytes("one"));
    EXPECT_ERROR(storage->put_new("keys/a", as_bytes("two")), ErrorKind::AlreadyExists);
    storage->put("keys/b", as_bytes("three"));
    storage->sync();
    EXPECT_EQ(as_text(storage->get("keys/a")), "one");
    EXPECT_EQ(names_below(directory / "store/keys"), (Names{"a", "b"}));
  });
  if (!ran) GTEST_SKIP() << "this system cannot refuse calls";
}

TEST(LocalStorageWithoutLinks, LetsOneOfSeveralWin) {
  const TemporaryDirectory directory;
  LocalStorage::create(directory / "store");
  std::atomic<int> winners{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const bool ran = snapferry::testing::with_refused_calls(kNoLinks, [&] {
        const auto storage = LocalStorage::open(directory / "store");
        try {
          storage->put_new("config", as_bytes(std::to_string(i)));
          ++winners;
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::AlreadyExists);
        }
      });
      if (!ran) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  if (refused > 0) GTEST_SKIP() << "this system cannot refuse calls";
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(LocalStorage::open(directory / "store")->get("config").size(), 1u);
}

TEST(LocalStorageWithoutSync, OfDirectoriesOrFilesSyncsTheFilesystem) {
  const TemporaryDirectory directory;
  for (const int number : {EINVAL, ENOSYS, EOPNOTSUPP}) {
    const bool ran = snapferry::testing::with_refused_calls({{SYS_fsync, number}}, [&] {
      const auto storage = LocalStorage::create(directory / "store");
      storage->put("keys/a", as_bytes("x"));
      EXPECT_NO_THROW(storage->sync());
    });
    if (!ran) GTEST_SKIP() << "this system cannot refuse calls";
  }
}

TEST(LocalStorageWithoutSync, ThatFailsForGoodSaysSo) {
  const TemporaryDirectory directory;
  const bool ran =
      snapferry::testing::with_refused_calls({{SYS_fsync, EINVAL}, {SYS_syncfs, EIO}}, [&] {
        const auto storage = LocalStorage::create(directory / "store");
        storage->put("keys/a", as_bytes("x"));
        EXPECT_ERROR(storage->sync(), ErrorKind::Unavailable);
      });
  if (!ran) GTEST_SKIP() << "this system cannot refuse calls";
}

// A filesystem of one megabyte in memory, for as long as it lives.
class SmallDisk {
 public:
  SmallDisk()
      : mounted_(::mount("none", directory_.path().c_str(), "tmpfs", 0, "size=1m,mode=700") == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::string& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  bool mounted_;
};

TEST(LocalStorage, FullDiskIsNoSpaceAndLosesNothing) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small filesystem needs root";
  const auto storage = LocalStorage::create(disk.path());
  storage->put("keys/a", as_bytes("before"));
  const Bytes large(2u << 20);
  EXPECT_ERROR(storage->put("keys/a", large), ErrorKind::NoSpace);
  EXPECT_ERROR(storage->put_new("keys/b", large), ErrorKind::NoSpace);
  EXPECT_EQ(
      message_of([&] { storage->put("keys/a", large); }),
      disk.path() + "/keys/a: no space left on the device of the store; free some and run again");
  EXPECT_EQ(as_text(storage->get("keys/a")), "before");
  EXPECT_EQ(names_below(disk.path() + "/keys"), Names{"a"});
  storage->put("keys/b", as_bytes("fits"));
  storage->sync();
}

TEST(LocalStorage, ReadOnlyDiskIsPermissionDenied) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small filesystem needs root";
  const auto storage = LocalStorage::create(disk.path());
  storage->put("keys/a", as_bytes("before"));
  ASSERT_EQ(::mount("none", disk.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_ERROR(storage->put("keys/b", as_bytes("x")), ErrorKind::PermissionDenied);
  EXPECT_ERROR(storage->remove("keys/a"), ErrorKind::PermissionDenied);
  EXPECT_EQ(as_text(LocalStorage::open(disk.path())->get("keys/a")), "before");
}

}  // namespace
}  // namespace snapferry::blob
