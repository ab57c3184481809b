#include "core/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/error.h"
#include "testing/errors.h"

namespace snapferry {
namespace {

TEST(ToHex, WritesTwoLowerCaseDigitsForEachByte) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
}

TEST(FromHex, ReadsDigitsOfEitherCase) {
  Bytes bytes(4);
  ASSERT_TRUE(from_hex("000fA0fF", bytes));
  EXPECT_EQ(bytes, (Bytes{0x00, 0x0f, 0xa0, 0xff}));
  EXPECT_TRUE(from_hex("", {}));
}

TEST(FromHex, RefusesAnythingElse) {
  Bytes bytes(2);
  for (const std::string& text :
       {std::string(), std::string("000"), std::string("00000"), std::string("000g"),
        std::string("0x00"), std::string(" 000"), std::string("-100"), std::string(4, '\0'),
        std::string("///0"), std::string("0:::"), std::string("00@0"), std::string("00`0")}) {
    EXPECT_FALSE(from_hex(text, bytes)) << text;
  }
}

TEST(ByteWriter, WritesLittleEndian) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(0x01);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090a0b0c0d0e0f);
  out.i64(-2);
  out.raw(as_bytes("raw"));
  out.sized(as_bytes("sized"));
  EXPECT_EQ(to_hex(bytes),
            "01"
            "0302"
            "07060504"
            "0f0e0d0c0b0a0908"
            "feffffffffffffff"
            "726177"
            "05000000"
            "73697a6564");
}

TEST(ByteReader, NamesTheSubjectAndTheOffset) {
  const Bytes bytes = {1, 2, 3};
  ByteReader in(bytes, "index");
  in.u16();
  try {
    in.u32();
    FAIL() << "reads past the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_EQ(error.message(), "index: ends too early at offset 2");
  }
}

TEST(ByteReader, RefusesWhatIsTooShortForEachType) {
  const auto reader = [](const Bytes& bytes) { return ByteReader(bytes, "test"); };
  EXPECT_ERROR(reader({}).u8(), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1}).u16(), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1, 2, 3}).u32(), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1, 2, 3, 4, 5, 6, 7}).u64(), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1, 2, 3, 4, 5, 6, 7}).i64(), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1}).raw(2), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({1}).raw(~std::size_t{0}), ErrorKind::Corrupt);
  EXPECT_ERROR(reader({0xff, 0xff, 0xff, 0xff, 1}).sized(), ErrorKind::Corrupt);
}

TEST(ByteReader, RefusesTrailingBytes) {
  const Bytes bytes = {1, 2};
  ByteReader in(bytes, "test");
  in.u8();
  EXPECT_ERROR(in.expect_end(), ErrorKind::Corrupt);
  in.u8();
  EXPECT_NO_THROW(in.expect_end());
}

RC_GTEST_PROP(BytesProperty, WhatIsWrittenIsRead,
              (std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d, std::int64_t e,
               const Bytes& text)) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(a);
  out.u16(b);
  out.u32(c);
  out.sized(text);
  out.u64(d);
  out.i64(e);
  ByteReader in(bytes, "test");
  RC_ASSERT(in.u8() == a);
  RC_ASSERT(in.u16() == b);
  RC_ASSERT(in.u32() == c);
  const ByteView view = in.sized();
  RC_ASSERT(Bytes(view.begin(), view.end()) == text);
  RC_ASSERT(in.u64() == d);
  RC_ASSERT(in.i64() == e);
  RC_ASSERT(in.at_end());
}

}  // namespace
}  // namespace snapferry
