#include "platform/metadata_file.h"

#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"
#include "testing/refused_calls.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

class MetadataOf : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifoat(fd_.get(), "p", 0600), 0);
    ASSERT_EQ(::mkfifoat(fd_.get(), "other", 0600), 0);
    ASSERT_EQ(::symlinkat("other", fd_.get(), "l"), 0);
  }
  Fd handle(const char* name) { return open_at(fd_.get(), name, O_PATH | O_NOFOLLOW, 0, name); }
  mode_t mode(const char* name) {
    struct stat status {};
    EXPECT_EQ(::fstatat(fd_.get(), name, &status, AT_SYMLINK_NOFOLLOW), 0);
    return status.st_mode & 07777;
  }
  // As on Linux before 6.6 and without /proc, where nothing takes the mode of a handle.
  void on_an_old_system(const std::function<void()>& action) {
    const std::vector<testing::RefusedCall> calls = {
        {452, ENOSYS}, {463, ENOSYS}, {464, ENOSYS}, {465, ENOSYS}, {466, ENOSYS}};
    bool ran = false;
    if (!testing::without_proc([&] { ran = testing::with_refused_calls(calls, action); }) || !ran) {
      GTEST_SKIP() << "this system cannot be made older";
    }
  }

  testing::TemporaryDirectory directory_;
  Fd fd_ = open_path(directory_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(MetadataOf, AFifoChangesByItsHandle) {
  if (!can_change_mode_of_handle()) GTEST_SKIP() << "needs Linux 6.6";
  const Fd fifo = handle("p");
  EXPECT_EQ(MetadataFile::handle(fifo.get()).change_mode(0640), 0);
  EXPECT_EQ(mode("p"), 0640u);
}

TEST_F(MetadataOf, AFifoChangesByItsNameOnAnOldSystem) {
  on_an_old_system([&] {
    EXPECT_FALSE(can_change_mode_of_handle());
    const Fd fifo = handle("p");
    EXPECT_EQ(MetadataFile::named(fifo.get(), fd_.get(), "p").change_mode(0640), 0);
    EXPECT_EQ(mode("p"), 0640u);
    if (::geteuid() != 0) return;
    const ExtendedAttribute xattr{"trusted.a", {1, 2, 3}};
    const MetadataFile file = MetadataFile::named(fifo.get(), fd_.get(), "p");
    EXPECT_EQ(file.set_xattr(xattr), 0);
    EXPECT_EQ(file.read_xattrs("p").xattrs, std::vector<ExtendedAttribute>{xattr});
    EXPECT_EQ(file.remove_xattr("trusted.a"), 0);
  });
}

TEST_F(MetadataOf, AHandleAloneIsNeverReachedByName) {
  on_an_old_system([&] {
    const Fd fifo = handle("p");
    EXPECT_EQ(MetadataFile::handle(fifo.get()).change_mode(0640), EOPNOTSUPP);
    EXPECT_EQ(MetadataFile::handle(fifo.get()).set_xattr({"user.a", {}}), EOPNOTSUPP);
    EXPECT_EQ(mode("p"), 0600u);
  });
}

TEST_F(MetadataOf, ASymlinkLeavesWhatItPointsToAlone) {
  const auto change = [&] {
    const Fd link = handle("l");
    EXPECT_NE(MetadataFile::named(link.get(), fd_.get(), "l").change_mode(0666), 0);
    EXPECT_EQ(mode("other"), 0600u);
  };
  change();
  on_an_old_system(change);
}

TEST_F(MetadataOf, WhatTookItsNameIsLeftAlone) {
  on_an_old_system([&] {
    const Fd fifo = handle("p");
    ASSERT_EQ(::renameat(fd_.get(), "l", fd_.get(), "p"), 0);
    EXPECT_EQ(MetadataFile::named(fifo.get(), fd_.get(), "p").change_mode(0666), ESTALE);
    EXPECT_EQ(mode("other"), 0600u);
  });
}

TEST_F(MetadataOf, ADirectoryIsPrivateIfNobodyElseCanChangeNamesInIt) {
  ASSERT_EQ(::fchmod(fd_.get(), 0755), 0);
  EXPECT_TRUE(is_private_directory(fd_.get()));
  for (const mode_t open : {0775, 0757, 01777}) {
    ASSERT_EQ(::fchmod(fd_.get(), open), 0);
    EXPECT_FALSE(is_private_directory(fd_.get())) << open;
  }
  ASSERT_EQ(::fchmod(fd_.get(), 0700), 0);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::fchown(fd_.get(), 1000, 0), 0);
  EXPECT_FALSE(is_private_directory(fd_.get()));
}

}  // namespace
}  // namespace snapferry::platform
