#include "mount/layout.h"

#include <gtest/gtest.h>

#include "testing/time_zone.h"

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

std::string directory_of(const std::string& path) { return volume_directory({"web", path}); }

TEST(Layout, ShowsPathsAsTheyAre) {
  EXPECT_EQ(directory_of("/"), "web");
  EXPECT_EQ(directory_of("/home"), "web/home");
  EXPECT_EQ(directory_of("/home/anna/.config"), "web/home/anna/.config");
  EXPECT_EQ(directory_of("stdin:dump"), "web/stdin:dump");
  EXPECT_EQ(directory_of("zfs:tank/home"), "web/zfs:tank/home");
  EXPECT_EQ(directory_of("btrfs:/mnt/data"), "web/btrfs:/mnt/data");
  EXPECT_EQ(directory_of("/\xff\n"), "web/\xff\n");
}

TEST(Layout, EscapesWhatCouldBeTakenForSomethingElse) {
  EXPECT_EQ(directory_of("/a%2Fb"), "web/a%252Fb");
  EXPECT_EQ(directory_of("/stdin:dump"), "web/stdin%3Adump");
  EXPECT_EQ(directory_of("/a/b:c"), "web/a/b:c");
  EXPECT_EQ(directory_of("/home/latest"), "web/home/%6Catest");
  EXPECT_EQ(directory_of("/2026-03-01T12-00-00+0000"), "web/%32026-03-01T12-00-00+0000");
  EXPECT_EQ(volume_directory({"", "/x"}), "%/x");
  EXPECT_EQ(volume_directory({"a/b", "/x"}), "a%2Fb/x");
  EXPECT_EQ(volume_directory({"..", "/x"}), "%2E./x");
}

TEST(Layout, KeepsLongNamesShortAndApart) {
  const std::string path = "/" + std::string(250, '%');
  const std::string name = directory_of(path);
  EXPECT_LE(name.size(), 255u);
  EXPECT_NE(name, directory_of(path + "y"));
}

TEST(Layout, NamesTimesByTheLocalZoneWithItsOffset) {
  const testing::LocalTimeZone zone(testing::kCentralEurope);
  EXPECT_EQ(time_directory({kNoon, 5}), "2026-03-01T13-00-00+0100");
}

TEST(Layout, OrdersByHostVolumeAndTime) {
  const testing::LocalTimeZone zone("UTC0");
  const Layout layout({snapshot({"b", "/x"}, 0, 1), snapshot({"a", "/x"}, 1, 2),
                       snapshot({"a", "/y"}, 2, 3), snapshot({"a", "/x"}, 3, 4)});
  ASSERT_EQ(layout.find("")->directories.size(), 2u);
  ASSERT_NE(layout.find("a"), nullptr);
  EXPECT_EQ(layout.find("a")->directories.size(), 2u);
  EXPECT_TRUE(layout.find("a")->latest.empty());
  EXPECT_EQ(layout.find("c"), nullptr);
  EXPECT_EQ(layout.find("b/y"), nullptr);
  const Layout::Directory* volume = layout.find("a/x");
  ASSERT_NE(volume, nullptr);
  ASSERT_EQ(volume->snapshots.size(), 2u);
  EXPECT_EQ(volume->snapshots.begin()->first, "2026-03-01T12-00-01+0000");
  EXPECT_EQ(volume->latest, "2026-03-01T12-00-03+0000");
}

TEST(Layout, ShowsAVolumeBelowAnother) {
  const Layout layout({snapshot({"a", "/"}, 0, 1), snapshot({"a", "/home"}, 1, 2),
                       snapshot({"a", "/home/anna"}, 2, 3)});
  EXPECT_EQ(layout.find("a")->snapshots.size(), 1u);
  EXPECT_EQ(layout.find("a/home")->snapshots.size(), 1u);
  EXPECT_EQ(layout.find("a/home")->directories.size(), 1u);
  EXPECT_EQ(layout.find("a/home/anna")->snapshots.size(), 1u);
}

TEST(Layout, TellsSnapshotsOfOneSecondApart) {
  const testing::LocalTimeZone zone("UTC0");
  const Layout layout({snapshot({"a", "/x"}, 0, 0x11), snapshot({"a", "/x"}, 0, 0x22)});
  const Layout::Directory* volume = layout.find("a/x");
  ASSERT_EQ(volume->snapshots.size(), 2u);
  EXPECT_EQ(volume->snapshots.at("2026-03-01T12-00-00+0000").id.bytes[0], 0x11);
  EXPECT_EQ(volume->latest, "2026-03-01T12-00-00+0000-22000000");
}

}  // namespace
}  // namespace snapferry::mount
