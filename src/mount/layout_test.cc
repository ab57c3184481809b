#include "mount/layout.h"

#include <gtest/gtest.h>

namespace snapferry::mount {
namespace {

constexpr std::int64_t kNoon = 1'772'366'400;  // 2026-03-01T12:00:00Z

Snapshot snapshot(VolumeName volume, std::int64_t seconds, std::uint8_t id) {
  Snapshot result;
  result.id.bytes[0] = id;
  result.volume = std::move(volume);
  result.time = {kNoon + seconds, 5};
  return result;
}

TEST(Layout, EscapesWhatADirectoryNameCannotHold) {
  EXPECT_EQ(volume_directory("/"), "%2F");
  EXPECT_EQ(volume_directory("/home"), "home");
  EXPECT_EQ(volume_directory("/home/anna"), "home%2Fanna");
  EXPECT_EQ(volume_directory("/a%2Fb"), "a%252Fb");
  EXPECT_EQ(volume_directory("stdin:dump"), "stdin:dump");
  EXPECT_EQ(volume_directory("/stdin:dump"), "stdin%3Adump");
  EXPECT_EQ(volume_directory("/.hidden/.x"), "%2Ehidden%2F.x");
  EXPECT_EQ(volume_directory("/\xff\n"), "\xff\n");
}

TEST(Layout, KeepsLongNamesShortAndApart) {
  const std::string path = "/" + std::string(3000, 'x');
  const std::string name = volume_directory(path);
  EXPECT_LE(name.size(), 255u);
  EXPECT_NE(name, volume_directory(path + "y"));
}

TEST(Layout, OrdersByHostVolumeAndTime) {
  const Layout layout({snapshot({"b", "/x"}, 0, 1), snapshot({"a", "/x"}, 1, 2),
                       snapshot({"a", "/y"}, 2, 3), snapshot({"a", "/x"}, 3, 4)});
  ASSERT_EQ(layout.hosts().size(), 2u);
  ASSERT_NE(layout.host("a"), nullptr);
  EXPECT_EQ(layout.host("a")->size(), 2u);
  EXPECT_EQ(layout.host("c"), nullptr);
  EXPECT_EQ(layout.volume("b", "y"), nullptr);
  const Layout::Volume* volume = layout.volume("a", "x");
  ASSERT_NE(volume, nullptr);
  ASSERT_EQ(volume->snapshots.size(), 2u);
  EXPECT_EQ(volume->snapshots.begin()->first, "2026-03-01T12-00-01Z");
  EXPECT_EQ(volume->latest, "2026-03-01T12-00-03Z");
}

TEST(Layout, TellsSnapshotsOfOneSecondApart) {
  const Layout layout({snapshot({"a", "/x"}, 0, 0x11), snapshot({"a", "/x"}, 0, 0x22)});
  const Layout::Volume* volume = layout.volume("a", "x");
  ASSERT_EQ(volume->snapshots.size(), 2u);
  EXPECT_EQ(volume->snapshots.at("2026-03-01T12-00-00Z").id.bytes[0], 0x11);
  EXPECT_EQ(volume->latest, "2026-03-01T12-00-00Z-22000000");
}

}  // namespace
}  // namespace snapferry::mount
