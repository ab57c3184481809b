#include "platform/own_directory.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

TEST(OwnDirectory, IsThatOfTheWorkAlone) {
  const testing::TemporaryDirectory directory;
  const Fd fd = open_path(directory.path(), O_PATH | O_DIRECTORY);
  char before[4096], inside[4096], after[4096];
  ASSERT_NE(::getcwd(before, sizeof before), nullptr);
  EXPECT_EQ(in_own_directory(fd.get(), [&]() -> long { return ::getcwd(inside, 4096) != nullptr; }),
            1);
  ASSERT_NE(::getcwd(after, sizeof after), nullptr);
  EXPECT_EQ(inside, directory.path());
  EXPECT_STREQ(before, after);
}

TEST(OwnDirectory, HasAUmaskOfItsOwn) {
  const mode_t before = ::umask(027);
  EXPECT_EQ(in_own_directory(AT_FDCWD, [] { return static_cast<long>(::umask(077)); }), 027);
  EXPECT_EQ(::umask(before), 027u);
}

TEST(OwnDirectory, PassesErrorsOn) {
  EXPECT_EQ(in_own_directory(AT_FDCWD, [] { return static_cast<long>(::access("/none", 0)); }), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(in_own_directory(-1, [] { return 0L; }), -1);
  EXPECT_NE(errno, 0);
}

}  // namespace
}  // namespace snapferry::platform
