#include "platform/metadata.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

class Metadata : public ::testing::Test {
 protected:
  Entry entry_of(const std::string& name) {
    struct statx stat;
    EXPECT_EQ(::statx(fd_.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat), 0);
    return entry_from_statx(stat, name);
  }
  Fd create(const std::string& name) {
    return open_at(fd_.get(), name.c_str(), O_RDWR | O_CREAT, 0640, name);
  }

  testing::TemporaryDirectory directory_;
  Fd fd_ = open_path(directory_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(Metadata, OfAFileIsWhatStatSays) {
  const Fd file = create("f");
  write_all(file.get(), as_bytes("12345"), "f");
  struct stat stat;
  ASSERT_EQ(::fstat(file.get(), &stat), 0);
  const Entry entry = entry_of("f");
  EXPECT_EQ(entry.type, EntryType::File);
  EXPECT_EQ(entry.name, "f");
  EXPECT_EQ(entry.mode, 0640u);
  EXPECT_EQ(entry.uid, stat.st_uid);
  EXPECT_EQ(entry.gid, stat.st_gid);
  EXPECT_EQ(entry.size, 5u);
  EXPECT_EQ(entry.inode, stat.st_ino);
  EXPECT_EQ(entry.mtime,
            (Timestamp{stat.st_mtim.tv_sec, static_cast<std::uint32_t>(stat.st_mtim.tv_nsec)}));
  EXPECT_EQ(entry.ctime.seconds, stat.st_ctim.tv_sec);
  EXPECT_FALSE(entry.link_device);
  ASSERT_EQ(::linkat(fd_.get(), "f", fd_.get(), "g", 0), 0);
  EXPECT_EQ(entry_of("g").link_device, stat.st_dev);
}

TEST_F(Metadata, KnowsEveryType) {
  ASSERT_EQ(::mkdirat(fd_.get(), "d", 0755), 0);
  ASSERT_EQ(::symlinkat("target", fd_.get(), "l"), 0);
  ASSERT_EQ(::mkfifoat(fd_.get(), "p", 0600), 0);
  ASSERT_EQ(::mknodat(fd_.get(), "s", S_IFSOCK | 0600, 0), 0);
  EXPECT_EQ(entry_of("d").type, EntryType::Directory);
  EXPECT_EQ(entry_of("d").size, 0u);
  EXPECT_FALSE(entry_of("d").link_device);
  EXPECT_EQ(entry_of("l").type, EntryType::Symlink);
  EXPECT_EQ(entry_of("l").size, 0u);
  EXPECT_EQ(entry_of("p").type, EntryType::Fifo);
  EXPECT_EQ(entry_of("s").type, EntryType::Socket);
  struct statx null;
  ASSERT_EQ(::statx(AT_FDCWD, "/dev/null", 0, STATX_BASIC_STATS, &null), 0);
  EXPECT_EQ(entry_from_statx(null, "null").type, EntryType::CharacterDevice);
  EXPECT_EQ(entry_from_statx(null, "null").device, makedev(1, 3));
}

TEST_F(Metadata, ReadsAttributesInOrderAndOfAnyLength) {
  const Fd file = create("f");
  const std::string big(3000, 'x');
  ASSERT_EQ(::fsetxattr(file.get(), "user.z", "1", 1, 0), 0);
  ASSERT_EQ(::fsetxattr(file.get(), "user.empty", "", 0, 0), 0);
  ASSERT_EQ(::fsetxattr(file.get(), "user.big", big.data(), big.size(), 0), 0);
  const auto xattrs = read_xattrs(file.get(), "f").xattrs;
  ASSERT_EQ(xattrs.size(), 3u);
  EXPECT_EQ(xattrs[0].name, "user.big");
  EXPECT_EQ(as_text(xattrs[0].value), big);
  EXPECT_EQ(xattrs[1].name, "user.empty");
  EXPECT_TRUE(xattrs[1].value.empty());
  EXPECT_EQ(xattrs[2].name, "user.z");
  EXPECT_EQ(read_xattrs_at(fd_.get(), "f", "f").xattrs, xattrs);
}

TEST_F(Metadata, DoesNotFollowSymlinksForAttributes) {
  const Fd file = create("f");
  ASSERT_EQ(::fsetxattr(file.get(), "user.a", "1", 1, 0), 0);
  ASSERT_EQ(::symlinkat("f", fd_.get(), "l"), 0);
  EXPECT_TRUE(read_xattrs_at(fd_.get(), "l", "l").xattrs.empty());
  EXPECT_THROW(read_xattrs_at(fd_.get(), "missing", "missing"), Error);
}

TEST_F(Metadata, ReadsTargetsOfAnyBytes) {
  const std::string target = std::string(2000, 'a') + "\xff\n";
  ASSERT_EQ(::symlinkat(target.c_str(), fd_.get(), "l"), 0);
  EXPECT_EQ(read_symlink_at(fd_.get(), "l", "l"), target);
  EXPECT_THROW(read_symlink_at(fd_.get(), "missing", "missing"), Error);
}

}  // namespace
}  // namespace snapferry::platform
