#include "repository/manifest.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::repository {
namespace {

constexpr std::size_t kAddedByVersion2 = 8 + 12 + ObjectId::kSize;
constexpr std::size_t kAddedByVersion3 = ObjectId::kSize;

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
  manifest.claim.bytes[31] = 9;
  return manifest;
}

Bytes of_version_2(const Manifest& manifest) {
  Bytes bytes = encode_manifest(manifest);
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
  const Manifest decoded = decode_manifest(encode_manifest(manifest), manifest.snapshot.id);
  EXPECT_EQ(decoded.snapshot, manifest.snapshot);
  EXPECT_EQ(decoded.claim, manifest.claim);
}

TEST(Manifest, EndsWithSequenceTimeSeenClaimAndMachine) {
  const Bytes bytes = encode_manifest(example());
  EXPECT_EQ(to_hex(ByteView(bytes).last(kAddedByVersion2 + kAddedByVersion3)),
            "0c00000000000000"
            "e70300000000000000000000"
            "0000000000000000000000000000000000000000000000000000000000000009"
            "0500000000000000000000000000000000000000000000000000000000000000");
}

TEST(Manifest, OfVersion2IsReadableAndOfAnUnknownMachine) {
  const Manifest decoded = decode_manifest(of_version_2(example()), example().snapshot.id);
  Snapshot expected = example().snapshot;
  expected.machine = {};
  EXPECT_EQ(decoded.snapshot, expected);
  EXPECT_EQ(decoded.claim, example().claim);
}

TEST(Manifest, OfVersion1IsReadableAndHasNoSequence) {
  const Manifest decoded = decode_manifest(of_version_1(example()), example().snapshot.id);
  Snapshot expected = example().snapshot;
  expected.sequence = 0;
  expected.seen = {};
  expected.machine = {};
  EXPECT_EQ(decoded.snapshot, expected);
  EXPECT_EQ(decoded.claim, ObjectId{});
}

TEST(Manifest, OfAnUnknownVersionIsRefused) {
  for (const std::uint8_t version : {0, 4}) {
    Bytes bytes = encode_manifest(example());
    bytes[0] = version;
    EXPECT_ERROR(decode_manifest(bytes, {}), ErrorKind::Corrupt);
  }
}

TEST(Manifest, CutAnywhereIsRefused) {
  const Bytes bytes = encode_manifest(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_ERROR(decode_manifest(ByteView(bytes).first(size), {}), ErrorKind::Corrupt);
  }
}

}  // namespace
}  // namespace snapferry::repository
