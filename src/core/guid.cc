#include "core/guid.h"

#include <algorithm>

#include "core/error.h"

namespace snapferry {
namespace {

constexpr std::size_t kNumberSize = sizeof(std::uint64_t);

}  // namespace

std::string Guid::hex() const {
  const bool is_number = std::all_of(bytes.begin() + kNumberSize, bytes.end(),
                                     [](std::uint8_t byte) { return byte == 0; });
  return to_hex(ByteView(bytes).first(is_number ? kNumberSize : kSize));
}

std::uint64_t Guid::number() const {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kNumberSize; ++i) number = number << 8 | bytes[i];
  return number;
}

Guid Guid::from_number(std::uint64_t number) {
  Guid guid;
  for (std::size_t i = kNumberSize; i-- > 0; number >>= 8) {
    guid.bytes[i] = static_cast<std::uint8_t>(number);
  }
  return guid;
}

std::optional<Guid> Guid::from_hex(std::string_view text) {
  Guid guid;
  const std::span<std::uint8_t> all(guid.bytes);
  const bool is_number = text.size() == 2 * kNumberSize;
  if (!snapferry::from_hex(text, is_number ? all.first(kNumberSize) : all)) return std::nullopt;
  return guid;
}

Guid Guid::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) {
    throw Error(ErrorKind::Corrupt, "a snapshot's identity has " + std::to_string(bytes.size()) +
                                        " bytes where 16 are expected");
  }
  Guid guid;
  std::copy(bytes.begin(), bytes.end(), guid.bytes.begin());
  return guid;
}

}  // namespace snapferry
