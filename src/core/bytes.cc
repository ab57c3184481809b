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

void ByteReader::expect_end() const {
  if (!at_end()) fail("has trailing bytes");
}

void ByteReader::fail(std::string_view cause) const {
  throw Error(ErrorKind::Corrupt, std::string(subject_) + ": " + std::string(cause) +
                                      " at offset " + std::to_string(position_));
}

}  // namespace snapferry
