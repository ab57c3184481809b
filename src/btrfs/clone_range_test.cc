#include "btrfs/clone_range.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"
#include "testing/btrfs_image.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;

constexpr std::uint64_t kBlock = 4096;

class CloneRange : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    image_ = std::make_unique<BtrfsImage>();
    from_ = platform::open_path(*image_ / "from", O_RDWR | O_CREAT, 0600);
    to_ = platform::open_path(*image_ / "to", O_RDWR | O_CREAT, 0600);
  }
  // As files of a store that was mounted nodatacow are.
  void refuse_clones() const {
    int flags = FS_NOCOW_FL;
    ASSERT_EQ(::ioctl(from_.get(), FS_IOC_SETFLAGS, &flags), 0);
  }
  void write_source(const std::string& text) const {
    std::ofstream(*image_ / "from", std::ios::binary) << text;
  }
  std::string target() const {
    std::stringstream text;
    text << std::ifstream(*image_ / "to", std::ios::binary).rdbuf();
    return text.str();
  }
  file_clone_range range(std::uint64_t from, std::uint64_t size, std::uint64_t to) const {
    file_clone_range range{};
    range.src_fd = from_.get();
    range.src_offset = from;
    range.src_length = size;
    range.dest_offset = to;
    return range;
  }

  std::unique_ptr<BtrfsImage> image_;
  platform::Fd from_, to_;
};

TEST_F(CloneRange, CopiesWhereTheKernelRefusesToShare) {
  refuse_clones();
  const std::string text = std::string(3 * kBlock, 'a') + std::string(1000, 'b');
  write_source(text);
  auto wanted = range(kBlock, 2 * kBlock + 1000, 0);
  ASSERT_EQ(::ioctl(to_.get(), FICLONERANGE, &wanted), -1);
  ASSERT_EQ(errno, EINVAL);
  EXPECT_EQ(clone_range(to_.get(), wanted), 0);
  EXPECT_EQ(target(), text.substr(kBlock));
}

TEST_F(CloneRange, CopiesHolesAsHolesOverWhatWasThere) {
  refuse_clones();
  write_source(std::string(kBlock, 'a'));
  const off_t size = off_t{1} << 40;
  ASSERT_EQ(::ftruncate(from_.get(), size), 0);
  std::ofstream(*image_ / "to", std::ios::binary) << std::string(3 * kBlock, 'x');
  EXPECT_EQ(clone_range(to_.get(), range(0, static_cast<std::uint64_t>(size), kBlock)), 0);
  struct stat status {};
  ASSERT_EQ(::fstat(to_.get(), &status), 0);
  EXPECT_EQ(status.st_size, size + off_t{kBlock});
  ASSERT_EQ(::ftruncate(to_.get(), 3 * off_t{kBlock}), 0);
  EXPECT_EQ(target(), std::string(kBlock, 'x') + std::string(kBlock, 'a') + std::string(kBlock, 0));
}

TEST_F(CloneRange, RefusesWhatIsWrongInItself) {
  refuse_clones();
  write_source(std::string(2 * kBlock, 'a'));
  EXPECT_EQ(clone_range(to_.get(), range(kBlock, 2 * kBlock, 0)), EINVAL);
  EXPECT_EQ(clone_range(to_.get(), range(~std::uint64_t{0} - kBlock + 1, kBlock, 0)), EINVAL);
  EXPECT_EQ(clone_range(from_.get(), range(0, 2 * kBlock, kBlock)), EINVAL);
  EXPECT_EQ(target(), "");
}

}  // namespace
}  // namespace snapferry::btrfs
