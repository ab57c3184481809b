#include "zfs/stream_inspector.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/zfs_stream_builder.h"

namespace snapferry::zfs {
namespace {

using testing::NvlistBuilder;
using testing::ZfsStreamBuilder;

Point point(const std::string& name, std::uint64_t guid) {
  Point point;
  point.name = name;
  point.guid = Guid::from_number(guid);
  return point;
}

StreamRequest full(const std::string& name, std::uint64_t guid) {
  StreamRequest request;
  request.volume = "zfs:tank/home";
  request.to = point(name, guid);
  return request;
}

// a (7) is there; b (8) and c (9) come.
StreamRequest run() {
  auto request = full("c", 9);
  request.base = point("a", 7);
  request.intermediates = {point("b", 8)};
  return request;
}

ZfsStreamBuilder some_records(const ZfsStreamBuilder::Begin& begin) {
  return ZfsStreamBuilder()
      .begin(begin)
      .object(1, 168)
      .free_objects()
      .write(1, 4096)
      .free()
      .spill(512)
      .end();
}

Bytes package() {
  ZfsStreamBuilder builder;
  builder.package("tank/home@c");
  builder.begin({.to = 8, .from = 7, .name = "tank/home@b"}).write(1, 512).end();
  builder.begin({.to = 9, .from = 8, .name = "tank/home@c"}).write(2, 512).end();
  return builder.end_package().stream();
}

// Feeds `step` bytes at a time.
StreamInspector inspect(const Bytes& stream, const StreamRequest& request,
                        ChecksumMode mode = ChecksumMode::Verify, std::size_t step = 1u << 20,
                        VolumeType type = VolumeType::Filesystem) {
  StreamInspector inspector(request, type, mode);
  for (std::size_t at = 0; at < stream.size(); at += step) {
    inspector.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
  }
  inspector.finish();
  return inspector;
}

std::string refusal(const Bytes& stream, const StreamRequest& request,
                    VolumeType type = VolumeType::Filesystem) {
  try {
    inspect(stream, request, ChecksumMode::Skip, 1u << 20, type);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    return error.message();
  }
  return "";
}

TEST(StreamInspector, PassesAFullStream) {
  const auto stream = some_records({.to = 7, .name = "tank/home@a"}).stream();
  const auto inspector = inspect(stream, full("a", 7));
  EXPECT_EQ(inspector.passed(), std::vector{Guid::from_number(7)});
  EXPECT_EQ(inspector.offset(), stream.size());
}

TEST(StreamInspector, DoesNotCareHowTheBytesAreCut) {
  const auto stream = package();
  for (const std::size_t step : {1u, 7u, 311u, 312u, 313u, 1000u}) {
    EXPECT_EQ(inspect(stream, run(), ChecksumMode::Verify, step).passed().size(), 2u) << step;
  }
}

TEST(StreamInspector, RefusesAStreamCutOffAnywhere) {
  for (const auto& [stream, request] :
       {std::pair(some_records({.to = 7, .name = "tank/home@a"}).stream(), full("a", 7)),
        std::pair(package(), run())}) {
    for (std::size_t size = 0; size < stream.size(); ++size) {
      EXPECT_ERROR(inspect(Bytes(stream.begin(), stream.begin() + size), request),
                   ErrorKind::Corrupt);
    }
  }
}

TEST(StreamInspector, RefusesBytesBehindTheEnd) {
  for (auto [stream, request] :
       {std::pair(some_records({.to = 7, .name = "tank/home@a"}).stream(), full("a", 7)),
        std::pair(package(), run())}) {
    stream.push_back(0);
    EXPECT_NE(refusal(stream, request).find("behind its end"), std::string::npos);
  }
}

TEST(StreamInspector, FindsEveryFlippedBitWhereItVerifies) {
  const auto stream = some_records({.to = 7, .name = "tank/home@a"}).stream();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    auto bad = stream;
    bad[at] ^= 1;
    EXPECT_ERROR(inspect(bad, full("a", 7)), ErrorKind::Corrupt);
  }
}

TEST(StreamInspector, PassesAnIncrementalStreamOfTheRightBase) {
  auto request = full("b", 8);
  request.base = point("a", 7);
  const auto stream = some_records({.to = 8, .from = 7, .name = "tank/home@b"}).stream();
  inspect(stream, request);
  request.base->guid = Guid::from_number(6);
  EXPECT_EQ(refusal(stream, request),
            "stream, byte 0, BEGIN record: has another base than was asked for");
  request.base.reset();
  EXPECT_EQ(refusal(stream, request),
            "stream, byte 0, BEGIN record: is incremental where all was asked for");
}

TEST(StreamInspector, RefusesAnotherSnapshotNameOrType) {
  const auto stream = some_records({.to = 7, .name = "tank/home@a"}).stream();
  EXPECT_NE(refusal(stream, full("a", 8)), "");
  EXPECT_NE(refusal(stream, full("b", 7)), "");
  EXPECT_NE(refusal(stream, full("a", 7), VolumeType::Zvol), "");
  inspect(some_records({.to = 7, .name = "tank/home@a", .objset = 3}).stream(), full("a", 7),
          ChecksumMode::Verify, 1u << 20, VolumeType::Zvol);
}

TEST(StreamInspector, RefusesNamesThatZfsDoesNotAllow) {
  for (const char* name : {"tank/home", "@a", "tank/../x@a", "tank/home@a/b", "tank/home@a@b",
                           "-x@a", "tank/home@", "tank//x@a", "tank/h\nx@a"}) {
    EXPECT_NE(refusal(some_records({.to = 7, .name = name}).stream(), full("a", 7)), "") << name;
  }
}

TEST(StreamInspector, RefusesANameThatDoesNotEnd) {
  EXPECT_NE(refusal(some_records({.to = 7, .name = std::string(256, 'a')}).stream(), full("a", 7)),
            "");
}

TEST(StreamInspector, PassesOnlyFeaturesThatWereAskedFor) {
  struct Case {
    std::uint64_t features;
    StreamFeatures asked;
  };
  const Case cases[] = {{kFeatureLargeBlocks, {.large_blocks = true}},
                        {kFeatureEmbedded | kFeatureLz4, {.embedded = true}},
                        {kFeatureCompressed | kFeatureZstd | kFeatureLz4, {.compressed = true}},
                        {kFeatureCompressed, {.raw = true}}};
  for (const auto& one : cases) {
    const auto stream =
        some_records({.to = 7, .name = "tank/home@a", .features = one.features}).stream();
    auto request = full("a", 7);
    EXPECT_NE(refusal(stream, request).find("features that were not asked for"), std::string::npos);
    request.features = one.asked;
    inspect(stream, request);
  }
}

TEST(StreamInspector, NeverPassesDeduplicatedRedactedOrUnknownFeatures) {
  auto request = full("a", 7);
  request.features = {true, true, true, true, true, true, true};
  for (const int bit : {0, 1, 16 + 2, 21, 26, 30, 55, 61}) {
    const auto features = std::uint64_t{1} << bit;
    EXPECT_NE(refusal(some_records({.to = 7, .name = "tank/home@a", .features = features}).stream(),
                      request),
              "")
        << bit;
  }
  EXPECT_NE(
      refusal(some_records({.to = 7, .name = "tank/home@a", .features = std::uint64_t{1} << 21})
                  .stream(),
              request)
          .find("0x200000"),
      std::string::npos);
}

TEST(StreamInspector, RefusesClonesAndUnknownFlags) {
  for (const std::uint32_t flags : {1u, 16u, 0x80000000u}) {
    EXPECT_NE(refusal(some_records({.to = 7, .name = "tank/home@a", .flags = flags}).stream(),
                      full("a", 7)),
              "");
  }
}

TEST(StreamInspector, RefusesTheOtherByteOrder) {
  auto stream = some_records({.to = 7, .name = "tank/home@a"}).stream();
  std::reverse(stream.begin() + 8, stream.begin() + 16);
  EXPECT_NE(refusal(stream, full("a", 7)).find("other byte order"), std::string::npos);
}

TEST(StreamInspector, RefusesPropertiesInAPackage) {
  const auto payload = NvlistBuilder().text("fss", "").pack();
  const auto stream = ZfsStreamBuilder().package("tank/home@c", payload).stream();
  EXPECT_EQ(refusal(stream, run()),
            "stream, byte 0, BEGIN record: carries properties, which were not asked for");
}

TEST(StreamInspector, RefusesAPackageThatWasNotAskedFor) {
  auto request = run();
  request.intermediates.clear();
  EXPECT_EQ(refusal(package(), request),
            "stream, byte 0, BEGIN record: is a package of streams, which was not asked for");
}

TEST(StreamInspector, PassesAPackageWithASnapshotMoreOrLess) {
  auto request = run();
  request.intermediates = {point("gone", 77)};
  EXPECT_EQ(inspect(package(), request).passed().size(), 2u);
}

TEST(StreamInspector, RefusesAPackageWhoseChainBreaks) {
  auto stream = [](const ZfsStreamBuilder::Begin& first, const ZfsStreamBuilder::Begin& second) {
    ZfsStreamBuilder builder;
    builder.package("tank/home@c").begin(first).end().begin(second).end();
    return builder.end_package().stream();
  };
  const ZfsStreamBuilder::Begin b{.to = 8, .from = 7, .name = "tank/home@b"};
  const ZfsStreamBuilder::Begin c{.to = 9, .from = 8, .name = "tank/home@c"};
  inspect(stream(b, c), run());
  auto bad = c;
  bad.from = 7;
  EXPECT_NE(refusal(stream(b, bad), run()), "") << "not from the one before";
  bad = c;
  bad.name = "tank/other@c";
  EXPECT_NE(refusal(stream(b, bad), run()), "") << "another volume";
  bad = b;
  bad.to = 80;
  EXPECT_NE(refusal(stream(bad, c), run()), "") << "a known name, another guid";
  bad = b;
  bad.name = "tank/home@x";
  EXPECT_NE(refusal(stream(bad, c), run()), "") << "a known guid, another name";
  EXPECT_NE(refusal(stream(c, b), run()), "") << "the wrong order";
  bad = c;
  bad.to = 10;
  bad.name = "tank/home@d";
  EXPECT_NE(refusal(stream(b, bad), run()), "") << "ends elsewhere";
}

TEST(StreamInspector, RefusesWhatComesAfterTheWantedSnapshot) {
  ZfsStreamBuilder builder;
  builder.package("tank/home@c").begin({.to = 9, .from = 7, .name = "tank/home@c"}).end();
  builder.begin({.to = 10, .from = 9, .name = "tank/home@d"});
  EXPECT_NE(refusal(builder.stream(), run()).find("after the wanted snapshot"), std::string::npos);
}

TEST(StreamInspector, PassesTheKeyOfARawStreamAndNothingElse) {
  const auto key = NvlistBuilder().number("DSL_CRYPTO_SUITE", 8).bytes("DSL_CRYPTO_IV", Bytes(12));
  auto request = full("a", 7);
  request.features.raw = true;
  auto stream = [&](const NvlistBuilder& payload) {
    ZfsStreamBuilder builder;
    builder.begin({.to = 7,
                   .name = "tank/home@a",
                   .features = kFeatureRaw | kFeatureCompressed,
                   .payload = payload.pack()});
    return builder.object_range().end().stream();
  };
  inspect(stream(NvlistBuilder().list("crypt_keydata", key)), request);
  EXPECT_NE(refusal(stream(NvlistBuilder().list("crypt_keydata", key).text("exec", "on")), request)
                .find("carries 'exec'"),
            std::string::npos);
  EXPECT_NE(refusal(stream(NvlistBuilder().list("crypt_keydata",
                                                NvlistBuilder().text("keylocation", "http://x"))),
                    request),
            "");
  request.features.raw = false;
  EXPECT_NE(refusal(stream(NvlistBuilder().list("crypt_keydata", key)), request), "");
}

TEST(StreamInspector, PassesThePlaceOfAResumedStream) {
  auto request = full("a", 7);
  ZfsStreamBuilder builder;
  builder.begin(
      {.to = 7,
       .name = "tank/home@a",
       .features = kFeatureResuming,
       .payload = NvlistBuilder().number("resume_object", 3).number("resume_offset", 0).pack()});
  const auto stream = builder.end().stream();
  EXPECT_NE(refusal(stream, request), "");
  request.resume_token = "1-2-3-4";
  inspect(stream, request);
}

TEST(StreamInspector, RefusesRecordsOfAnotherSnapshot) {
  ZfsStreamBuilder builder;
  builder.begin({.to = 7, .name = "tank/home@a"}).record(4, {{32, 8}}, 0);
  EXPECT_EQ(refusal(builder.stream(), full("a", 7)),
            "stream, byte 312, FREE record: belongs to another snapshot");
}

TEST(StreamInspector, RefusesRecordsThatHaveNoPlace) {
  for (const std::uint32_t type : {6u, 10u, 11u, 0xffffffffu}) {
    ZfsStreamBuilder builder;
    builder.begin({.to = 7, .name = "tank/home@a"}).record(type, {{40, 7}, {32, 7}}, 0);
    EXPECT_NE(refusal(builder.stream(), full("a", 7)), "") << type;
  }
}

TEST(StreamInspector, RefusesImpossibleSizes) {
  const std::uint64_t huge = std::uint64_t{1} << 40;
  using Numbers = std::vector<std::pair<std::size_t, std::uint64_t>>;
  const std::pair<std::uint32_t, Numbers> cases[] = {
      {3, {{32, huge}, {40, 7}}},
      {3, {{32, 512}, {40, 7}, {48, 15u << 16}, {96, ~std::uint64_t{0}}}},
      {7, {{16, huge}, {24, 7}}},
      {1, {{24, std::uint64_t{1} << 63}, {40, 7}}},
      {8, {{32, 7}, {48, std::uint64_t{0xffffffff} << 32}}}};
  for (const auto& [type, numbers] : cases) {
    ZfsStreamBuilder builder;
    builder.begin({.to = 7, .name = "tank/home@a"}).record(type, numbers, 0);
    EXPECT_NE(refusal(builder.stream(), full("a", 7)).find("impossible size"), std::string::npos)
        << type;
  }
}

TEST(StreamInspector, KnowsTheSizesOfEveryKindOfPayload) {
  ZfsStreamBuilder builder;
  builder.begin(
      {.to = 7, .name = "tank/home@a", .features = kFeatureCompressed | kFeatureEmbedded});
  builder.object(1, 0).object(2, 5).write_compressed(3, 131072, 1024).write_embedded(29);
  builder.spill(1024).write(4, 16u << 20).end();
  auto request = full("a", 7);
  request.features = {.embedded = true, .compressed = true};
  inspect(builder.stream(), request);
}

TEST(StreamInspector, LetsPayloadBeSkippedUnlessItVerifies) {
  ZfsStreamBuilder builder;
  builder.begin({.to = 7, .name = "tank/home@a"}).write(1, 131072);
  const auto head = ByteView(builder.stream()).first(2 * kRecordSize + 72);
  StreamInspector skipping(full("a", 7), VolumeType::Filesystem, ChecksumMode::Skip);
  skipping.feed(head);
  EXPECT_EQ(skipping.skippable(), 131000u);
  skipping.skip(131000);
  EXPECT_EQ(skipping.skippable(), 0u);
  EXPECT_EQ(skipping.offset(), builder.stream().size());
  StreamInspector verifying(full("a", 7), VolumeType::Filesystem, ChecksumMode::Verify);
  verifying.feed(head);
  EXPECT_EQ(verifying.skippable(), 0u);
}

TEST(StreamInspector, LetsNothingOfABeginBeSkipped) {
  auto request = full("a", 7);
  request.resume_token = "1-2-3-4";
  ZfsStreamBuilder builder;
  builder.begin({.to = 7,
                 .name = "tank/home@a",
                 .features = kFeatureResuming,
                 .payload = NvlistBuilder().number("resume_object", 3).pack()});
  StreamInspector inspector(request, VolumeType::Filesystem, ChecksumMode::Skip);
  inspector.feed(ByteView(builder.stream()).first(kRecordSize));
  EXPECT_EQ(inspector.skippable(), 0u);
}

}  // namespace
}  // namespace snapferry::zfs
