#include "btrfs/store_layout.h"

#include <gtest/gtest.h>

#include "btrfs/lineage.h"

namespace snapferry::btrfs {
namespace {

std::string name_of(const std::string& path) {
  return StoreLayout::volume_name({"web1", "btrfs:" + path});
}

TEST(StoreLayout, NamesAVolumeByItsPathAsLongAsThatFits) {
  const std::string path = "/mnt/" + std::string(246, 'x');
  EXPECT_EQ(name_of(path), "mnt%2F" + std::string(246, 'x'));
  EXPECT_FALSE(StoreLayout::is_long(name_of(path)));
  EXPECT_FALSE(StoreLayout::is_long(name_of("/%~")));
}

TEST(StoreLayout, NamesAVolumeByAHashWhereItsPathIsTooLong) {
  const std::string end = "/" + std::string(250, 'x');
  const auto name = name_of("/mnt/a" + end);
  EXPECT_TRUE(StoreLayout::is_long(name));
  EXPECT_LE(name.size(), 255u);
  EXPECT_TRUE(name.ends_with("xxx"));
  EXPECT_NE(name, name_of("/mnt/b" + end));
  EXPECT_EQ(name, name_of("/mnt/a" + end));
  // What does not know such names takes them for nothing of its own.
  EXPECT_FALSE(unescape_path(name));
  EXPECT_FALSE(StoreLayout::volume_of("web1", name));
}

TEST(StoreLayout, KeepsTheFormOfLongNames) {
  EXPECT_EQ(name_of("/" + std::string(300, 'x')),
            "%~5aa7fbbf37986bb2a5d547c0d3c4d4326a24d786e7d57bf93fc784176e38b33d~" +
                std::string(120, 'x'));
}

}  // namespace
}  // namespace snapferry::btrfs
