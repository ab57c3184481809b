// What OpenZFS 2.1.11 really prints and sends: testdata/ was captured from it, of a filesystem
// "my files" with the snapshots a, "b b" and c, a bookmark of a, and an encrypted one.

#include <filesystem>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/volume_pattern.h"
#include "platform/fd.h"
#include "zfs/listing.h"
#include "zfs/resume_token.h"
#include "zfs/source_listing.h"
#include "zfs/stream_inspector.h"

namespace snapferry::zfs {
namespace {

Bytes captured(const std::string& name) {
  const auto directory = std::filesystem::path(__FILE__).parent_path() / "testdata";
  return platform::read_file(directory / name, 1u << 20);
}

std::vector<VolumeState> volumes() {
  const auto text = captured("source.tsv");
  const std::vector patterns = {VolumePattern::parse("zfs:source/gold/**")};
  return parse_source_rows(parse_rows(as_text(text), source_listing(patterns).columns.size()),
                           patterns);
}

StreamRequest request(std::size_t volume, std::size_t to) {
  StreamRequest request;
  request.volume = volumes().at(volume).name;
  request.to = volumes().at(volume).points.at(to);
  return request;
}

void inspect(const std::string& name, const StreamRequest& request) {
  StreamInspector inspector(request, VolumeType::Filesystem, ChecksumMode::Verify);
  inspector.feed(captured(name));
  inspector.finish();
  EXPECT_EQ(inspector.passed().back(), request.to.guid);
}

TEST(Golden, TheListingOfASource) {
  const auto all = volumes();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].name, "zfs:source/gold/my files");
  ASSERT_EQ(all[1].points.size(), 4u);
  EXPECT_EQ(all[1].points[0].kind, PointKind::Bookmark);
  EXPECT_EQ(all[1].points[0].guid, all[1].points[1].guid);
  EXPECT_EQ(all[1].points[2].name, "b b");
  EXPECT_EQ(all[1].points[3].holds, 1u);
  EXPECT_EQ(all[1].written, 0u);
  EXPECT_TRUE(all[2].encrypted && all[2].key_loaded);
  EXPECT_TRUE(all[3].excluded);
  EXPECT_EQ(all[3].type, VolumeType::Zvol);
}

TEST(Golden, AStreamFromABookmark) {
  auto one = request(1, 2);
  one.base = volumes().at(1).points.at(0);
  inspect("bookmark.zfs", one);
}

TEST(Golden, APackageOfSeveralSnapshots) {
  auto one = request(1, 3);
  one.base = volumes().at(1).points.at(1);
  one.intermediates = {volumes().at(1).points.at(2)};
  one.features = {.large_blocks = true, .embedded = true, .compressed = true};
  inspect("package.zfs", one);
  one.features.compressed = false;
  EXPECT_THROW(inspect("package.zfs", one), Error);
}

TEST(Golden, ARawStream) {
  auto one = request(2, 0);
  one.features.raw = true;
  inspect("raw.zfs", one);
  one.features.raw = false;
  EXPECT_THROW(inspect("raw.zfs", one), Error);
}

TEST(Golden, AResumeToken) {
  const auto token = parse_resume_token(
      "1-f05618ad1-e0-789c636064000310a500c4ec50360710e72765a526973030a8409460caa7a515a702e5191c10"
      "f26c48f2499525a9c5405ae23076fd25f9e9a599290c0c1fbff1bf77feddfbc300499e132c9f97989bcac0509c5f"
      "5a949caa9f9e9f93a29f5ba9909699935aec9002318f9b01e1fee4fcdc82a2d4e2e2fc6c063800003fe620e3");
  EXPECT_EQ(token.dataset, "source/gold/my files");
  EXPECT_EQ(token.partial.to_name, "d");
  EXPECT_EQ(token.partial.to, Guid::from_number(17910247562314512113u));
  EXPECT_FALSE(token.partial.base);
  EXPECT_FALSE(token.partial.raw);
  EXPECT_TRUE(token.features.compressed);
  EXPECT_FALSE(token.features.large_blocks);
}

}  // namespace
}  // namespace snapferry::zfs
