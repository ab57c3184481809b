#include "cli/store.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

ErrorKind refusal(std::string_view address) {
  try {
    store_directory(address);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::Internal;
}

TEST(StoreAddress, IsADirectoryWithOrWithoutItsKind) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(store_directory("repo:/srv/backups"), "/srv/backups");
  EXPECT_EQ(store_directory("/srv/backups/"), "/srv/backups");
  EXPECT_EQ(store_directory("repo:backups"), here + "/backups");
  EXPECT_EQ(store_directory("./a:b"), here + "/a:b");
}

TEST(StoreAddress, OfAnotherKindOrMachineIsRefused) {
  for (const auto* address : {"zfs:tank", "btrfs:/home", "root@nas:repo:/srv", "nas:/srv",
                              "repo:sftp://nas/backups", "s3://bucket"}) {
    EXPECT_EQ(refusal(address), ErrorKind::Unsupported) << address;
  }
  EXPECT_EQ(refusal("repo:"), ErrorKind::InvalidArgument);
  EXPECT_EQ(refusal(""), ErrorKind::InvalidArgument);
}

TEST(AbsolutePath, KeepsSymlinksAndDropsDots) {
  EXPECT_EQ(absolute_path("/a/./b//"), "/a/b");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("."), std::filesystem::current_path().string());
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
}  // namespace snapferry::cli
