// VolumeState::written on a real btrfs: 0 only if nothing changed, whatever kind of change it is.

#include <functional>
#include <map>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "btrfs/test_place.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

constexpr const char* kFirst = "snapferry_t_2026-01-01T00:00:01Z";
constexpr const char* kSecond = "snapferry_t_2026-01-01T00:00:02Z";

class Written : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    make_place();
  }

  void make_place() {
    place_ = std::make_unique<BtrfsPlace>();
    place_->make("a");
    for (const char* name : {"file", "other", "gone"}) {
      place_->write("a", name, std::string(8192, 'x'));
    }
    std::filesystem::create_directory(root() / "directory");
  }

  std::filesystem::path root() const { return place_->path("a"); }
  std::string file(const std::string& name = "file") const { return root() / name; }

  std::optional<std::uint64_t> written(const std::string& name = "a") {
    return source_.inventory({place_->volume(name)}).at(0).written;
  }
  void freeze(const std::string& snapshot, const std::string& name = "a") {
    const auto result = source_.freeze({place_->volume(name)}, snapshot);
    ASSERT_TRUE(result.failed.empty()) << result.failed[0].message;
  }

  std::unique_ptr<BtrfsPlace> place_;
  BtrfsSource source_;
};

void pwrite_at(const std::string& path, int flags, off_t offset) {
  const platform::Fd fd(::open(path.c_str(), O_WRONLY | flags));
  ASSERT_EQ(::pwrite(fd.get(), "y", 1, offset), 1);
}

void write_through_map(const std::string& path) {
  const platform::Fd fd(::open(path.c_str(), O_RDWR));
  void* map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  static_cast<char*>(map)[0] = 'z';
  ::munmap(map, 4096);
}

void reflink(const std::string& from, const std::string& to) {
  const platform::Fd source(::open(from.c_str(), O_RDONLY));
  const platform::Fd target(::open(to.c_str(), O_WRONLY));
  ASSERT_EQ(::ioctl(target.get(), FICLONE, source.get()), 0);
}

void set_flag(const std::string& path, int flag) {
  const platform::Fd fd(::open(path.c_str(), O_RDONLY));
  int flags = 0;
  ASSERT_EQ(::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags), 0);
  flags |= flag;
  ASSERT_EQ(::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags), 0);
}

TEST_F(Written, SeesEveryKindOfChange) {
  const std::map<std::string, std::function<void()>> changes = {
      {"write", [&] { pwrite_at(file(), 0, 0); }},
      {"append", [&] { pwrite_at(file(), 0, 8192); }},
      {"direct write",
       [&] {
         place_->image().run({"dd", "if=/dev/zero", "of=" + file(), "bs=4096", "count=1",
                              "oflag=direct", "conv=notrunc", "status=none"});
       }},
      {"mmap", [&] { write_through_map(file()); }},
      {"truncate", [&] { ASSERT_EQ(::truncate(file().c_str(), 100), 0); }},
      {"truncate up", [&] { ASSERT_EQ(::truncate(file().c_str(), 1 << 20), 0); }},
      {"hole",
       [&] {
         place_->image().run({"fallocate", "-p", "-o", "0", "-l", "4096", file()});
       }},
      {"chmod", [&] { ASSERT_EQ(::chmod(file().c_str(), 0751), 0); }},
      {"chown", [&] { ASSERT_EQ(::chown(file().c_str(), 12, 34), 0); }},
      {"root chmod", [&] { ASSERT_EQ(::chmod(root().c_str(), 0751), 0); }},
      {"touch",
       [&] {
         place_->image().run({"touch", "-d", "2001-01-01", file()});
       }},
      {"xattr", [&] { ASSERT_EQ(::setxattr(file().c_str(), "user.a", "b", 1, 0), 0); }},
      {"root xattr", [&] { ASSERT_EQ(::setxattr(root().c_str(), "user.a", "b", 1, 0), 0); }},
      {"flag", [&] { set_flag(file(), FS_NODUMP_FL); }},
      {"property",
       [&] {
         BtrfsImage::btrfs({"property", "set", file(), "compression", "zstd"});
       }},
      {"rename", [&] { std::filesystem::rename(file(), file("renamed")); }},
      {"move", [&] { std::filesystem::rename(file("other"), file("directory/other")); }},
      {"unlink", [&] { std::filesystem::remove(file("gone")); }},
      {"hard link", [&] { ASSERT_EQ(::link(file().c_str(), file("link").c_str()), 0); }},
      {"symlink", [&] { ASSERT_EQ(::symlink("x", file("symlink").c_str()), 0); }},
      {"empty file", [&] { place_->write("a", "empty", ""); }},
      {"mkdir", [&] { std::filesystem::create_directory(file("new")); }},
      {"rmdir", [&] { std::filesystem::remove(file("directory")); }},
      {"fifo", [&] { ASSERT_EQ(::mkfifo(file("fifo").c_str(), 0600), 0); }},
      {"reflink", [&] { reflink(file("other"), file("gone")); }},
      {"nested subvolume",
       [&] {
         BtrfsImage::btrfs({"subvolume", "create", file("nested")});
       }},
      {"nested snapshot",
       [&] {
         BtrfsImage::btrfs({"subvolume", "snapshot", root(), file("copy")});
       }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    make_place();
    freeze(kFirst);
    ASSERT_EQ(written(), 0u);
    change();
    EXPECT_NE(written(), 0u);
    freeze(kSecond);
    EXPECT_EQ(written(), 0u);
  }
}

TEST_F(Written, SeesWhatStillIsInMemoryAlone) {
  freeze(kFirst);
  const platform::Fd fd(::open(file().c_str(), O_WRONLY));
  ASSERT_EQ(::pwrite(fd.get(), "y", 1, 0), 1);
  EXPECT_NE(written(), 0u);
}

TEST_F(Written, SeesAChangeMadeRightBehindTheSnapshotInTheNextBreath) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "snapferry_t_2026-01-01T00:01:" + std::to_string(10 + i) + "Z";
    freeze(name);
    pwrite_at(file(), 0, i);
    EXPECT_NE(written(), 0u) << i;
  }
}

TEST_F(Written, IsNotDisturbedByReadsAndListingsOfOthers) {
  place_->make("b");
  freeze(kFirst);
  place_->write("b", "file", "text");
  freeze(kFirst, "b");
  EXPECT_EQ(written(), 0u);
  EXPECT_EQ(written("b"), 0u);
  // Snapshots of the one come and go without a trace in the other.
  Settlement settlement;
  settlement.volume = place_->volume("b");
  settlement.destroy = source_.inventory({settlement.volume}).at(0).points;
  EXPECT_TRUE(source_.settle({settlement}).empty());
  EXPECT_EQ(written(), 0u);
}

TEST_F(Written, SurvivesARemount) {
  freeze(kFirst);
  place_->image().unmount();
  place_->image().mount();
  EXPECT_EQ(written(), 0u);
}

TEST_F(Written, TellsNothingOnceTheSnapshotItselfWasChanged) {
  freeze(kFirst);
  const auto snapshot = place_->image() / ("source/.snapferry/a/" + std::string(kFirst));
  BtrfsImage::btrfs({"property", "set", "-f", "-ts", snapshot, "ro", "false"});
  std::filesystem::remove(snapshot + "/gone");
  BtrfsImage::btrfs({"property", "set", "-ts", snapshot, "ro", "true"});
  EXPECT_NE(written(), 0u);
}

TEST_F(Written, OfAVolumeThatHoldsOthersIsZeroWhenOnlyTheirSnapshotsCame) {
  BtrfsImage::btrfs({"subvolume", "create", file("child")});
  const std::vector<std::string> both = {place_->volume("a"), place_->volume("a/child")};
  EXPECT_TRUE(source_.freeze(both, kFirst).failed.empty());
  EXPECT_TRUE(source_.freeze(both, kSecond).failed.empty());
  EXPECT_EQ(written(), 0u);
  EXPECT_EQ(written("a/child"), 0u);
  EXPECT_TRUE(source_.freeze({both[1]}, "snapferry_t_2026-01-01T00:00:03Z").failed.empty());
  EXPECT_EQ(written(), 0u);
}

TEST_F(Written, OfAMountedVolumeIsZeroThoughItsSnapshotsLieInside) {
  const testing::ExtraMount elsewhere(
      {"-t", "btrfs", "-o", "loop,subvol=source/a", place_->image().file()});
  const std::string name = "btrfs:" + elsewhere.path();
  EXPECT_TRUE(source_.freeze({name}, kFirst).failed.empty());
  const auto first = source_.inventory({name}).at(0);
  EXPECT_EQ(first.points.size(), 1u);
  EXPECT_EQ(first.written, 0u);
  EXPECT_TRUE(source_.freeze({name}, kSecond).failed.empty());
  EXPECT_EQ(source_.inventory({name}).at(0).written, 0u);
  EXPECT_TRUE(std::filesystem::exists(elsewhere.path() + "/.snapferry/.self/" + kSecond));
}

}  // namespace
}  // namespace snapferry::btrfs
