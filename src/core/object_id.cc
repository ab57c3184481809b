#include "core/object_id.h"

#include <algorithm>

#include "core/error.h"

namespace snapferry {

ObjectId ObjectId::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) {
    throw Error(ErrorKind::Corrupt, "object id: has " + std::to_string(bytes.size()) +
                                        " bytes and not " + std::to_string(kSize));
  }
  ObjectId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<ObjectId> ObjectId::from_hex(std::string_view text) {
  if (text.size() != 2 * kSize) return std::nullopt;
  ObjectId id;
  for (std::size_t i = 0; i < kSize; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

}  // namespace snapferry
