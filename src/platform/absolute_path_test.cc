#include "platform/absolute_path.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/temporary_directory.h"

namespace snapferry::platform {
namespace {

TEST(AbsolutePath, KeepsSymlinksAndDropsDots) {
  EXPECT_EQ(absolute_path("/a/./b//"), "/a/b");
  EXPECT_EQ(absolute_path("/srv/backups/"), "/srv/backups");
  EXPECT_EQ(absolute_path("/"), "/");
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(absolute_path("."), here);
  EXPECT_EQ(absolute_path("backups"), here + "/backups");
  EXPECT_EQ(absolute_path("./a:b"), here + "/a:b");
}

TEST(AbsolutePath, ResolvesWhereAParentIsNamed) {
  const testing::TemporaryDirectory directory;
  const std::string real = std::filesystem::canonical(directory.path()).string();
  std::filesystem::create_directories(real + "/x/y");
  std::filesystem::create_directory_symlink(real + "/x/y", real + "/link");
  EXPECT_EQ(absolute_path(real + "/link/../z"), real + "/x/z");
  EXPECT_EQ(absolute_path(real + "/link/.."), real + "/x");
  EXPECT_EQ(absolute_path(real + "/link"), real + "/link");
  EXPECT_THROW(absolute_path(real + "/missing/../z"), Error);
}

}  // namespace
}  // namespace snapferry::platform
