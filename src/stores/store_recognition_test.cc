#include "stores/store_recognition.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "testing/temporary_directory.h"

namespace snapferry::stores {
namespace {

namespace fs = std::filesystem;

TEST(MountPoint, IsWhereTheDeviceChangesAlsoOfWhatIsNotThereYet) {
  EXPECT_EQ(mount_point_of("/proc/self"), "/proc");
  EXPECT_EQ(mount_point_of("/proc/no/such/thing"), "/proc");
  EXPECT_EQ(mount_point_of("/"), "/");
}

TEST(SettledPath, IsOneForAllSymlinksAndWhatTheyLeadToNeedNotBeThere) {
  const testing::TemporaryDirectory room;
  const std::string real = fs::canonical(room.path()).string();
  fs::create_directory_symlink("missing/store", real + "/relative");
  fs::create_directory_symlink(real + "/missing", real + "/absolute");
  fs::create_directory_symlink("loop", real + "/loop");
  EXPECT_EQ(settled_path(real + "/relative"), real + "/missing/store");
  EXPECT_EQ(settled_path(real + "/absolute/store"), real + "/missing/store");
  EXPECT_EQ(settled_path(real + "/absolute/../x"), real + "/x");
  EXPECT_EQ(settled_path(real + "/loop/a").substr(0, real.size()), real);
  EXPECT_EQ(settled_path("/"), "/");
}

}  // namespace
}  // namespace snapferry::stores
