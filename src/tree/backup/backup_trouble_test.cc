// Files that change, vanish or cannot be read, stores that fail, and odd mounts.

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/backup_scene.h"
#include "tree/backup/backup.h"
#include "tree/backup/local_files.h"

namespace snapferry::tree {
namespace {

using testing::BackupScene;
using testing::MemoryObjects;
using testing::noise;
using Names = std::vector<std::string>;

void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::app) << text;
}

TEST(BackupInTrouble, ReadsAFileAgainThatGrewMeanwhile) {
  for (const std::size_t size : {4u, 3u << 20}) {
    BackupScene scene;
    scene.write("file", noise(size));
    int readings = 0;
    scene.hooks.read = [&](std::string_view) {
      if (++readings == 1) append(scene.root / "file", "more");
      return 0;
    };
    const BackupResult backup = scene.back_up();
    EXPECT_EQ(readings, 2);
    EXPECT_EQ(scene.content(backup, "file"), noise(size) + "more");
    EXPECT_FALSE(scene.entry(backup, "file")->unsettled);
    EXPECT_EQ(backup.stats.files_failed, 0u);
    EXPECT_TRUE(scene.problems().empty());
  }
}

TEST(BackupInTrouble, KeepsTheLastReadingOfAFileThatNeverSettles) {
  BackupScene scene;
  scene.write("file", "0");
  int readings = 0;
  scene.hooks.read = [&](std::string_view) {
    append(scene.root / "file", std::to_string(++readings));
    return 0;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(readings, 3);
  EXPECT_EQ(scene.content(backup, "file"), "012");
  EXPECT_TRUE(scene.entry(backup, "file")->unsettled);
  EXPECT_EQ(backup.stats.files_failed, 1u);
  EXPECT_EQ(scene.problems(),
            Names{"file: kept changing while it was read; saved as it was read last"});
}

TEST(BackupInTrouble, FollowsAFileThatShrinks) {
  for (const std::size_t size : {1000u, 3u << 20}) {
    BackupScene scene;
    scene.write("file", noise(size));
    bool first = true;
    scene.hooks.opening = [&](std::string_view path) {
      if (path == "file") std::filesystem::resize_file(scene.root / "file", size / 2);
      return 0;
    };
    scene.hooks.read = [&](std::string_view) {
      if (std::exchange(first, false)) std::filesystem::resize_file(scene.root / "file", 10);
      return 0;
    };
    EXPECT_EQ(scene.content(scene.back_up(), "file"), noise(size).substr(0, 10));
  }
}

TEST(BackupInTrouble, ReportsFilesThatVanish) {
  BackupScene scene;
  scene.write("d/at once", "");
  scene.write("d/before it is opened", "x");
  scene.write("d/stays", "y");
  scene.make_directory("gone/below");
  scene.hooks.listed = [&](std::string_view path) {
    if (path == "d") std::filesystem::remove(scene.root / "d/at once");
  };
  scene.hooks.opening = [&](std::string_view path) {
    if (path.starts_with("d/before")) std::filesystem::remove(scene.root / std::string(path));
    if (path == "gone/below") std::filesystem::remove(scene.root / "gone/below");
    return 0;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.names(backup, "d"), Names{"stays"});
  EXPECT_EQ(backup.stats.files_failed, 3u);
  EXPECT_EQ(scene.problems(), (Names{"d/at once: vanished while it was read",
                                     "d/before it is opened: vanished while it was read",
                                     "gone/below: vanished while it was read"}));
}

TEST(BackupInTrouble, LooksAgainAtAFileThatBecameSomethingElse) {
  BackupScene scene;
  scene.write("file", "x");
  scene.write("pipe", "x");
  scene.hooks.opening = [&](std::string_view path) {
    if (path.empty()) return 0;
    std::filesystem::remove(scene.root / std::string(path));
    if (path == "file") scene.make_symlink("file", "elsewhere");
    if (path == "pipe") {
      EXPECT_EQ(::mkfifo((scene.root / "pipe").c_str(), 0600), 0);
    }
    return 0;
  };
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "file")->target, "elsewhere");
  EXPECT_EQ(scene.entry(backup, "pipe")->type, EntryType::Fifo);
  EXPECT_TRUE(scene.problems().empty());
}

TEST(BackupInTrouble, LeavesOutWhatCannotBeReadEvenIfTheBaseHasIt) {
  BackupScene scene;
  scene.write("a", "1");
  scene.write("b", "2");
  scene.write("c", "3");
  scene.write("d/inside", "4");
  const BackupResult first = scene.back_up();
  for (const char* name : {"a", "b"}) scene.write(name, "changed");
  scene.hooks.opening = [](std::string_view path) {
    return path == "a" || path == "d" ? EACCES : 0;
  };
  scene.hooks.read = [](std::string_view path) { return path == "b" ? EIO : 0; };
  const BackupResult second = scene.back_up_again(first);
  EXPECT_EQ(scene.names(second), Names{"c"});
  for (const char* name : {"a", "b", "d"}) {
    EXPECT_EQ(scene.entry(second, name)->left_out, LeftOut::Unreadable) << name;
  }
  EXPECT_EQ(second.stats.files_failed, 3u);
  EXPECT_EQ(scene.problems(),
            (Names{"a: cannot open: Permission denied", "b: cannot read: Input/output error",
                   "d: cannot open the directory: Permission denied"}));
}

TEST(BackupInTrouble, ThrowsIfTheRootItselfCannotBeRead) {
  BackupScene scene;
  scene.write("d/file", "x");
  scene.hooks.opening = [](std::string_view) { return EACCES; };
  for (const char* path : {"d", "d/file"}) {
    try {
      scene.back_up(path);
      FAIL() << "was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::PermissionDenied);
    }
  }
}

TEST(BackupInTrouble, SavesTheRestAsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "changing the user needs root";
  BackupScene scene;
  scene.write("readable", "x");
  scene.write("secret", "x");
  scene.make_directory("locked");
  ASSERT_EQ(::chmod(scene.root.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((scene.root / "secret").c_str(), 0600), 0);
  ASSERT_EQ(::chmod((scene.root / "locked").c_str(), 0700), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    const BackupResult backup = scene.back_up();
    const bool right =
        scene.names(backup) == Names{"readable"} && backup.stats.files_failed == 2 &&
        scene.problems() == Names{"locked: cannot open the directory: Permission denied",
                                  "secret: cannot open: Permission denied"};
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// Fails from the nth put on.
class FailingSink : public ObjectSink {
 public:
  FailingSink(ObjectSink& sink, std::size_t good) : sink_(sink), good_(good) {}
  ObjectId id_of(ObjectKind kind, ByteView bytes) const override {
    return sink_.id_of(kind, bytes);
  }
  std::vector<ObjectRef> missing(std::span<const ObjectRef>) override { return {}; }
  void settle() override { sink_.settle(); }
  bool any_lost() const override { return false; }
  ObjectId put(ObjectKind kind, ByteView bytes) override {
    if (count_++ >= good_) throw Error(ErrorKind::NoSpace, "store: is full");
    return sink_.put(kind, bytes);
  }
  bool failed() const { return count_ > good_; }

 private:
  ObjectSink& sink_;
  const std::size_t good_;
  std::atomic<std::size_t> count_{0};
};

TEST(BackupInTrouble, EndsWithTheErrorOfTheStoreWhereverItFails) {
  BackupScene scene;
  for (int i = 0; i < 20; ++i)
    scene.write("d" + std::to_string(i % 5) + "/" + std::to_string(i), noise(100));
  scene.write("big", noise(6 << 20));
  LocalFiles files(scene.root.path());
  for (std::size_t good = 0;; ++good) {
    FailingSink sink(scene.objects, good);
    try {
      backup(files, std::nullopt, scene.objects, sink, scene.options);
      EXPECT_FALSE(sink.failed());
      EXPECT_GT(good, 25u);
      break;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::NoSpace);
    }
  }
  EXPECT_TRUE(scene.problems().empty());
}

TEST(BackupInTrouble, IsInterrupted) {
  BackupScene scene;
  for (int i = 0; i < 20; ++i) scene.write("d" + std::to_string(i) + "/file", "x");
  Cancellation cancellation;
  scene.options.cancellation = &cancellation;
  scene.hooks.read = [&](std::string_view) {
    cancellation.request();
    return 0;
  };
  try {
    scene.back_up();
    FAIL() << "was not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
  }
  EXPECT_TRUE(scene.problems().empty());
}

// Something mounted below a scene.
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

TEST(BackupOfMounts, EntersFilesystemsUnlessToldToStay) {
  BackupScene scene;
  scene.make_directory("mnt");
  const Mount mount(scene.root / "mnt", "none", "tmpfs", 0);
  if (!mount.mounted()) GTEST_SKIP() << "mounting needs root";
  scene.write("mnt/file", "x");
  EXPECT_EQ(scene.names(scene.back_up(), "mnt"), Names{"file"});
  scene.options.one_filesystem = true;
  const BackupResult backup = scene.back_up();
  EXPECT_EQ(scene.entry(backup, "mnt")->left_out, LeftOut::OtherFilesystem);
}

TEST(BackupOfMounts, LeavesOutWindowsIntoTheKernel) {
  BackupScene scene;
  scene.make_directory("proc");
  scene.make_directory("bind");
  const Mount proc(scene.root / "proc", "proc", "proc", 0);
  const Mount bind(scene.root / "bind", "/sys", nullptr, MS_BIND);
  if (!proc.mounted() || !bind.mounted()) GTEST_SKIP() << "mounting needs root";
  const BackupResult backup = scene.back_up();
  for (const char* name : {"proc", "bind"}) {
    EXPECT_EQ(scene.entry(backup, name)->left_out, LeftOut::KernelFilesystem) << name;
  }
  EXPECT_EQ(backup.stats.directories, 1u);
  EXPECT_TRUE(scene.problems().empty());
}

}  // namespace
}  // namespace snapferry::tree
