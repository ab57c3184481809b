#include "platform/directory_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "platform/fd.h"
#include "testing/backup_scene.h"

namespace snapferry::platform {
namespace {

std::vector<std::string> names_of(const DirectoryListing& listing) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < listing.size(); ++i) names.emplace_back(listing[i].view());
  return names;
}

TEST(DirectoryListing, SortsByBytesWithoutDots) {
  testing::BackupScene scene;
  for (const char* name :
       {"b", "B", "\xff\xfe", "abcdefgh2", "abcdefgh", "abcdefgh1", "...", "a b"})
    scene.write(name, "");
  scene.make_directory("dir");
  DirectoryListing listing;
  listing.read(open_path(scene.root.path(), O_RDONLY).get(), "root");
  EXPECT_EQ(names_of(listing), (std::vector<std::string>{"...", "B", "a b", "abcdefgh", "abcdefgh1",
                                                         "abcdefgh2", "b", "dir", "\xff\xfe"}));
  EXPECT_EQ(listing[listing.find("dir")].type, DT_DIR);
  EXPECT_EQ(listing.find("abc"), listing.size());
  listing.keep_only("b");
  EXPECT_EQ(names_of(listing), std::vector<std::string>{"b"});
  listing.keep_only("not there");
  EXPECT_EQ(listing.size(), 0u);
}

TEST(DirectoryListing, ForgetsTheDirectoryBefore) {
  testing::BackupScene scene;
  scene.write("a/1", "");
  scene.make_directory("b");
  DirectoryListing listing;
  listing.read(open_path(scene.root / "a", O_RDONLY).get(), "a");
  EXPECT_EQ(listing.size(), 1u);
  listing.read(open_path(scene.root / "b", O_RDONLY).get(), "b");
  EXPECT_EQ(listing.size(), 0u);
}

TEST(DirectoryListing, RefusesWhatIsNoDirectory) {
  testing::BackupScene scene;
  scene.write("file", "");
  DirectoryListing listing;
  const Fd file = open_path(scene.root / "file", O_RDONLY);
  EXPECT_THROW(listing.read(file.get(), "file"), Error);
}

}  // namespace
}  // namespace snapferry::platform
