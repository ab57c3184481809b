#include "testing/temporary_directory.h"

#include <memory>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::testing {
namespace {

bool exists(const std::string& path) {
  struct stat stat;
  return ::lstat(path.c_str(), &stat) == 0;
}

TEST(TemporaryDirectory, IsThereAndThenGone) {
  std::string path;
  {
    const TemporaryDirectory directory;
    path = directory.path();
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
}

TEST(TemporaryDirectory, RemovesPathsLongerThanPathMax) {
  auto directory = std::make_unique<TemporaryDirectory>();
  const std::string path = directory->path();
  platform::Fd at = platform::open_path(path, O_RDONLY | O_DIRECTORY);
  const std::string name(200, 'd');
  for (int depth = 0; depth < 60; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0700), 0);
    ASSERT_EQ(::mkdirat(at.get(), "beside", 0000), 0);
    at = platform::open_at(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY, 0, name);
    platform::open_at(at.get(), "file", O_WRONLY | O_CREAT, 0600, "file");
  }
  directory.reset();
  EXPECT_FALSE(exists(path));
}

TEST(TemporaryDirectory, DoesNotFollowSymlinks) {
  const TemporaryDirectory outside;
  platform::open_path(outside / "kept", O_WRONLY | O_CREAT, 0600);
  {
    const TemporaryDirectory inside;
    ASSERT_EQ(::symlink(outside.path().c_str(), (inside / "link").c_str()), 0);
  }
  EXPECT_TRUE(exists(outside / "kept"));
}

}  // namespace
}  // namespace snapferry::testing
