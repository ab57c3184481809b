#include "btrfs/read_back.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/btrfs_image.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using ::testing::IsEmpty;

class ReadBack : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    image_ = std::make_unique<BtrfsImage>();
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    root_ = platform::open_path(image_->path(), O_RDONLY | O_DIRECTORY);
  }
  void TearDown() override {
    if (image_) ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  void allow(rlim_t descriptors) const {
    rlimit limit = before_;
    limit.rlim_cur = descriptors;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

  std::unique_ptr<BtrfsImage> image_;
  rlimit before_{};
  platform::Fd root_;
};

// Read as zeros, it would take a thousand years.
TEST_F(ReadBack, PassesOverAHoleOfAnySize) {
  const platform::Fd fd(::open((*image_ / "huge").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(::ftruncate(fd.get(), 0x7ffffffffffff000), 0);
  ASSERT_EQ(::pwrite(fd.get(), "data", 4, off_t{1} << 60), 4);
  Progress progress;
  EXPECT_THAT(read_back(root_.get(), &progress, nullptr), IsEmpty());
  EXPECT_EQ(progress.files, 1u);
  EXPECT_GE(progress.bytes, 4u);
  EXPECT_LE(progress.bytes, 1u << 20);
}

TEST_F(ReadBack, NeedsTwoDescriptorsAtAnyDepth) {
  platform::Fd directory = platform::open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY, 0, "root");
  for (int depth = 0; depth < 2000; ++depth) {
    ASSERT_EQ(::mkdirat(directory.get(), "d", 0700), 0);
    directory = platform::open_at(directory.get(), "d", O_RDONLY | O_DIRECTORY, 0, "d");
  }
  platform::Fd file(::openat(directory.get(), "deep", O_WRONLY | O_CREAT, 0600));
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  file = platform::Fd();
  directory = platform::Fd();
  std::ofstream(*image_ / "top") << "y";
  allow(64);
  Progress progress;
  EXPECT_THAT(read_back(root_.get(), &progress, nullptr), IsEmpty());
  EXPECT_EQ(progress.files, 2u);
  EXPECT_EQ(progress.bytes, 2u);
}

// What a machine lacks is no damage of what it cannot read for that.
TEST_F(ReadBack, FailsForWantOfDescriptorsAndCallsNothingDamaged) {
  std::ofstream(*image_ / "file") << "x";
  allow(64);
  std::vector<platform::Fd> taken;
  for (platform::Fd fd(::dup(root_.get())); fd.valid(); fd = platform::Fd(::dup(root_.get()))) {
    taken.push_back(std::move(fd));
  }
  EXPECT_THROW(read_back(root_.get(), nullptr, nullptr), Error);
  taken.pop_back();
  EXPECT_THROW(read_back(root_.get(), nullptr, nullptr), Error);
  taken.clear();
  EXPECT_THAT(read_back(root_.get(), nullptr, nullptr), IsEmpty());
}

}  // namespace
}  // namespace snapferry::btrfs
