#include "core/object_id.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/error.h"
#include "testing/errors.h"

namespace snapferry {
namespace {

constexpr char kHex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(ObjectId, ReadsAndWritesHex) {
  const auto id = ObjectId::from_hex(kHex);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->hex(), kHex);
  EXPECT_EQ(id->short_hex(), "01234567");
  EXPECT_EQ(id->prefix(), 0x0123456789abcdefu);
}

TEST(ObjectId, ReadsUpperCase) {
  EXPECT_EQ(ObjectId::from_hex(std::string(64, 'A')), ObjectId::from_hex(std::string(64, 'a')));
}

TEST(ObjectId, RefusesEverythingElse) {
  const std::string hex = kHex;
  for (const std::string& text :
       {std::string(), hex.substr(1), hex + "0", hex.substr(1) + "g", hex.substr(2) + "0x",
        " " + hex.substr(1), std::string(64, '\0'), std::string(64, '/'), std::string(64, ':')}) {
    EXPECT_FALSE(ObjectId::from_hex(text)) << text;
  }
}

TEST(ObjectId, IsThirtyTwoBytes) {
  EXPECT_ERROR(ObjectId::from_bytes(Bytes(31)), ErrorKind::Corrupt);
  EXPECT_ERROR(ObjectId::from_bytes(Bytes(33)), ErrorKind::Corrupt);
  EXPECT_EQ(ObjectId::from_bytes(Bytes(32)), ObjectId{});
}

rc::Gen<Bytes> any_id_bytes() {
  return rc::gen::container<Bytes>(ObjectId::kSize, rc::gen::arbitrary<std::uint8_t>());
}

RC_GTEST_PROP(ObjectIdProperty, HexAndBytesRoundTrip, ()) {
  const ObjectId id = ObjectId::from_bytes(*any_id_bytes());
  RC_ASSERT(ObjectId::from_hex(id.hex()) == id);
  RC_ASSERT(ObjectId::from_bytes(id.view()) == id);
}

RC_GTEST_PROP(ObjectIdProperty, OrdersLikeItsHexAndItsPrefix, ()) {
  const ObjectId a = ObjectId::from_bytes(*any_id_bytes());
  const ObjectId b = ObjectId::from_bytes(*any_id_bytes());
  RC_ASSERT((a < b) == (a.hex() < b.hex()));
  if (a.prefix() != b.prefix()) RC_ASSERT((a < b) == (a.prefix() < b.prefix()));
}

}  // namespace
}  // namespace snapferry
