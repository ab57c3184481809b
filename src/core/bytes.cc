#include "core/bytes.h"

#include <bit>

#include "core/error.h"

namespace snapferry {

static_assert(std::endian::native == std::endian::little,
              "the formats are little-endian; add byte swaps to ByteReader and ByteWriter");

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

namespace {

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

bool from_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

void ByteReader::expect_end() const {
  if (!at_end()) fail("has trailing bytes");
}

void ByteReader::fail(std::string_view cause) const {
  throw Error(ErrorKind::Corrupt, std::string(subject_) + ": " + std::string(cause) +
                                      " at offset " + std::to_string(position_));
}

}  // namespace snapferry
