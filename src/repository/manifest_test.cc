#include "repository/manifest.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "repository/config.h"
#include "testing/errors.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kAddedByVersion2 = 8 + 12 + ObjectId::kSize;
constexpr std::size_t kAddedByVersion3 = ObjectId::kSize;
constexpr std::size_t kAddedByVersion4 = 4 + 5 + 4 + 3;
constexpr std::uint32_t kWithoutFeeds = kVersionWithFeeds - 1;  // of a repository

Manifest example() {
  Manifest manifest;
  Snapshot& snapshot = manifest.snapshot;
  snapshot.id.bytes[0] = 7;
  snapshot.volume = {"host", "/data"};
  snapshot.set = "default";
  snapshot.time = {1000, 1};
  snapshot.finished = {1001, 2};
  snapshot.seen = {999, 0};
  snapshot.sequence = 12;
  snapshot.root.type = EntryType::Directory;
  snapshot.users = {{0, "root"}};
  snapshot.excludes = {"*.o"};
  snapshot.stats.files = 3;
  snapshot.program = "snapferry test";
  snapshot.machine.bytes[0] = 5;
  snapshot.feed = FeedToken{.kind = "btrfs", .token = {0xf0, 0x0d, 0x00}};
  manifest.claim.bytes[31] = 9;
  return manifest;
}

Bytes encode(const Manifest& manifest) { return encode_manifest(manifest, kFormatVersion); }

Bytes of_version_2(const Manifest& manifest) {
  Bytes bytes = encode_manifest(manifest, kWithoutFeeds);
  bytes.resize(bytes.size() - kAddedByVersion3);
  bytes[0] = 2;
  return bytes;
}

Bytes of_version_1(const Manifest& manifest) {
  Bytes bytes = of_version_2(manifest);
  bytes.resize(bytes.size() - kAddedByVersion2);
  bytes[0] = 1;
  return bytes;
}

TEST(Manifest, IsTheSameAfterEncodingAndDecoding) {
  const Manifest manifest = example();
  const Manifest decoded = decode_manifest(encode(manifest), manifest.snapshot.id);
  EXPECT_EQ(decoded.snapshot, manifest.snapshot);
  EXPECT_EQ(decoded.claim, manifest.claim);
}

TEST(Manifest, EndsWithSequenceTimeSeenClaimAndMachine) {
  const Bytes bytes = encode_manifest(example(), kWithoutFeeds);
  EXPECT_EQ(bytes[0], 3);
  EXPECT_EQ(to_hex(ByteView(bytes).last(kAddedByVersion2 + kAddedByVersion3)),
            "0c00000000000000"
            "e70300000000000000000000"
            "0000000000000000000000000000000000000000000000000000000000000009"
            "0500000000000000000000000000000000000000000000000000000000000000");
}

TEST(Manifest, EndsWithTheTokenOfItsChangeFeedWhereThereIsRoomForOne) {
  const Bytes bytes = encode(example());
  const Bytes before = encode_manifest(example(), kWithoutFeeds);
  ASSERT_EQ(bytes.size(), before.size() + kAddedByVersion4);
  EXPECT_EQ(bytes[0], 4);
  EXPECT_TRUE(std::ranges::equal(ByteView(bytes).subspan(4, before.size() - 4),
                                 ByteView(before).subspan(4)));
  EXPECT_EQ(to_hex(ByteView(bytes).last(kAddedByVersion4)),
            "05000000"
            "6274726673"
            "03000000"
            "f00d00");
  Manifest none = example();
  none.snapshot.feed.reset();
  EXPECT_EQ(to_hex(ByteView(encode(none)).last(8)), "0000000000000000");
  EXPECT_EQ(decode_manifest(encode(none), none.snapshot.id).snapshot, none.snapshot);
}

TEST(Manifest, OfARepositoryOfVersion1HasNoToken) {
  const Manifest decoded =
      decode_manifest(encode_manifest(example(), kWithoutFeeds), example().snapshot.id);
  Snapshot expected = example().snapshot;
  expected.feed.reset();
  EXPECT_EQ(decoded.snapshot, expected);
}

TEST(Manifest, WithATokenThatCannotBeIsRefused) {
  const std::size_t most = FeedToken::kMaxToken;
  const FeedToken tokens[] = {{"", {1}},
                              {"btrfs", {}},
                              {"Btrfs", {1}},
                              {"a b", {1}},
                              {std::string(FeedToken::kMaxKind + 1, 'x'), {1}},
                              {"btrfs", Bytes(most + 1, 1)}};
  Manifest manifest = example();
  for (const FeedToken& token : tokens) {
    SCOPED_TRACE(token.kind);
    manifest.snapshot.feed = token;
    EXPECT_FALSE(token.is_valid());
    EXPECT_ERROR(decode_manifest(encode(manifest), {}), ErrorKind::Corrupt);
  }
  manifest.snapshot.feed = FeedToken{std::string(FeedToken::kMaxKind, 'x'), Bytes(most, 1)};
  EXPECT_EQ(decode_manifest(encode(manifest), manifest.snapshot.id).snapshot, manifest.snapshot);
}

TEST(Manifest, OfVersion2IsReadableAndOfAnUnknownMachine) {
  const Manifest decoded = decode_manifest(of_version_2(example()), example().snapshot.id);
  Snapshot expected = example().snapshot;
  expected.machine = {};
  expected.feed.reset();
  EXPECT_EQ(decoded.snapshot, expected);
  EXPECT_EQ(decoded.claim, example().claim);
}

TEST(Manifest, OfVersion1IsReadableAndHasNoSequence) {
  const Manifest decoded = decode_manifest(of_version_1(example()), example().snapshot.id);
  Snapshot expected = example().snapshot;
  expected.sequence = 0;
  expected.seen = {};
  expected.machine = {};
  expected.feed.reset();
  EXPECT_EQ(decoded.snapshot, expected);
  EXPECT_EQ(decoded.claim, ObjectId{});
}

TEST(Manifest, OfAnUnknownVersionIsRefused) {
  for (const std::uint8_t version : {0, 5}) {
    Bytes bytes = encode(example());
    bytes[0] = version;
    EXPECT_ERROR(decode_manifest(bytes, {}), ErrorKind::Corrupt);
  }
}

TEST(Manifest, CutAnywhereIsRefused) {
  const Bytes bytes = encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_ERROR(decode_manifest(ByteView(bytes).first(size), {}), ErrorKind::Corrupt);
  }
}

}  // namespace
}  // namespace snapferry::repository
