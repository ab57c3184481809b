#include "wire/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/errors.h"
#include "wire/test_messages.h"

namespace snapferry::wire {
namespace {

TEST(Messages, ComeBackAsTheyWent) {
  for (const auto& message : all_test_messages()) {
    EXPECT_EQ(to_hex(message.again(message.bytes)), to_hex(message.bytes)) << message.name;
  }
}

TEST(Messages, CutAnywhereAreRefused) {
  for (const auto& message : all_test_messages()) {
    for (std::size_t size = 0; size < message.bytes.size(); ++size) {
      EXPECT_ERROR(message.again(ByteView(message.bytes).first(size)), ErrorKind::Corrupt);
    }
  }
}

TEST(Messages, WithAByteTooManyAreRefused) {
  for (const auto& message : all_test_messages()) {
    Bytes longer = message.bytes;
    longer.push_back(0);
    EXPECT_ERROR(message.again(longer), ErrorKind::Corrupt);
  }
}

TEST(Messages, WithAnyByteChangedDecodeToThatOrAreRefused) {
  for (const auto& message : all_test_messages()) {
    if (message.name == "hello" || message.name.ends_with("failure")) continue;  // made printable
    for (std::size_t i = 0; i < message.bytes.size(); ++i) {
      for (const std::uint8_t flip : {0x01, 0x80, 0xff}) {
        Bytes changed = message.bytes;
        changed[i] ^= flip;
        try {
          EXPECT_EQ(to_hex(message.again(changed)), to_hex(changed)) << message.name << " " << i;
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << message.name << " " << i;
        }
      }
    }
  }
}

TEST(Messages, ACountBeyondTheBytesAllocatesNothing) {
  Bytes bytes;
  ByteWriter(bytes).u32(100'000);
  EXPECT_ERROR(decode<InventoryReply>(bytes), ErrorKind::Corrupt);
  EXPECT_ERROR(decode<SettleRequest>(bytes), ErrorKind::Corrupt);
  Bytes huge;
  ByteWriter(huge).u32(0xffffffff);
  EXPECT_ERROR(decode<InventoryRequest>(huge), ErrorKind::Corrupt);
}

TEST(Messages, TextsBeyondTheirLimitAreRefusedOnBothSides) {
  EXPECT_ERROR(encode(ReplicasRequest{std::string(256, 'x')}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(encode(OpenRequest{std::string("a\0b", 3)}), ErrorKind::InvalidArgument);
  Bytes bytes;
  ByteWriter(bytes).sized(as_bytes(std::string(256, 'x')));
  EXPECT_ERROR(decode<ReplicasRequest>(bytes), ErrorKind::Corrupt);
  bytes.clear();
  ByteWriter(bytes).sized(as_bytes(std::string("a\0b", 3)));
  EXPECT_ERROR(decode<FeaturesRequest>(bytes), ErrorKind::Corrupt);
}

TEST(Messages, NoPointIsNamedLikeAPath) {
  for (const char* name : {"", ".", "..", "a/b", "/"}) {
    SendRequest request{test_messages::stream()};
    request.stream.to.name = name;
    EXPECT_ERROR(encode(request), ErrorKind::InvalidArgument);
  }
}

TEST(Messages, AListingOfAHundredThousandSnapshotsComesBack) {
  InventoryReply reply;
  for (int volume = 0; volume < 100; ++volume) {
    auto& state = reply.volumes.emplace_back();
    state.name = "zfs:tank/" + std::to_string(volume);
    for (int point = 0; point < 1000; ++point) {
      state.points.push_back(test_messages::point("s" + std::to_string(point)));
    }
  }
  EXPECT_EQ(decode<InventoryReply>(encode(reply)).volumes, reply.volumes);
}

// Each of the lists is within its own limit.
TEST(Messages, HoldNoMoreThanAMillionItemsTogether) {
  ReplicasReply one;
  one.replicas.emplace_back().points.assign(400'000, test_messages::point("s"));
  const auto replica = encode(one);
  const auto of_several = [&](std::uint32_t count) {
    Bytes bytes;
    ByteWriter(bytes).u32(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      bytes.insert(bytes.end(), replica.begin() + sizeof count, replica.end());
    }
    return bytes;
  };
  EXPECT_EQ(decode<ReplicasReply>(of_several(2)).replicas.at(1).points.size(), 400'000u);
  EXPECT_ERROR(decode<ReplicasReply>(of_several(3)), ErrorKind::Corrupt);
  one.replicas.resize(3, one.replicas.front());
  EXPECT_ERROR(encode(one), ErrorKind::InvalidArgument);
}

TEST(Failure, IsOnePrintableLine) {
  const Error sent(ErrorKind::Busy, "tank\n\x1b[2J\xff is busy");
  const Error got = decode_failure(encode_failure(sent).view());
  EXPECT_EQ(got.kind(), ErrorKind::Busy);
  EXPECT_EQ(got.message(), "tank\\n\\x1b[2J\\xff is busy");
}

TEST(Failure, IsCutWhereItIsTooLong) {
  const Error sent(ErrorKind::Internal, std::string(10'000, 'x'));
  EXPECT_EQ(decode_failure(encode_failure(sent).view()).message().size(), kMaxFailureText);
}

TEST(Hello, AgreesOnTheLowerOfTheNewestVersions) {
  const Hello one{1, 3, "a", {}};
  EXPECT_EQ(agree_on_version(one, {2, 9, "b", {}}), 3);
  EXPECT_EQ(agree_on_version(one, {1, 2, "b", {}}), 2);
}

TEST(Hello, NamesTheSideToUpdateWithoutACommonVersion) {
  const auto message = [](const Hello& own, const Hello& peer) -> std::string {
    try {
      agree_on_version(own, peer);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
      return error.message();
    }
    return "";
  };
  EXPECT_THAT(message({3, 4, "new", {}}, {1, 2, "old", {}}),
              ::testing::HasSubstr("update the program at the far end"));
  EXPECT_THAT(message({1, 2, "old", {}}, {3, 4, "new", {}}),
              ::testing::HasSubstr("update this program"));
}

TEST(Hello, RefusesFeaturesWithForbiddenNames) {
  EXPECT_ERROR(encode_hello({1, 1, "a", {"Role"}}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(encode_hello({1, 1, "a", {""}}), ErrorKind::InvalidArgument);
}

}  // namespace
}  // namespace snapferry::wire
