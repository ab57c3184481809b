#include "core/guid.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry {
namespace {

TEST(Guid, OfANumberHasSixteenDigitsAndKeepsIt) {
  const Guid guid = Guid::from_number(0x0123456789abcdefULL);
  EXPECT_EQ(guid.hex(), "0123456789abcdef");
  EXPECT_EQ(guid.number(), 0x0123456789abcdefULL);
  EXPECT_EQ(Guid::from_hex("0123456789ABCDEF"), guid);
}

TEST(Guid, OfAUuidHasThirtyTwoDigits) {
  const auto guid = Guid::from_hex("00112233445566778899aabbccddeeff");
  ASSERT_TRUE(guid);
  EXPECT_EQ(guid->hex(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(Guid::from_bytes(guid->bytes), *guid);
}

TEST(Guid, IsNothingElse) {
  EXPECT_FALSE(Guid::from_hex(""));
  EXPECT_FALSE(Guid::from_hex("0123456789abcde"));
  EXPECT_FALSE(Guid::from_hex("0123456789abcdeg"));
  EXPECT_ERROR(Guid::from_bytes(as_bytes("short")), ErrorKind::Corrupt);
  EXPECT_TRUE(Guid{}.is_zero());
}

}  // namespace
}  // namespace snapferry
