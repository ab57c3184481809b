#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace snapferry {

// The name of a stored object: 32 bytes that are uniformly distributed, so any
// eight of them serve as a hash. For content (chunks, trees, lists) a keyed hash
// of the plain bytes; for packs and manifests random.
struct ObjectId {
  static constexpr std::size_t kSize = 32;
  std::array<std::uint8_t, kSize> bytes{};

  auto operator<=>(const ObjectId&) const = default;

  ByteView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  // The first eight hexadecimal digits, for people.
  std::string short_hex() const { return to_hex(ByteView(bytes).first(4)); }
  // The first eight bytes as a big-endian number: orders like the id itself.
  std::uint64_t prefix() const {
    std::uint64_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return __builtin_bswap64(value);
  }

  // `bytes` must be exactly 32 long; anything else throws Corrupt.
  static ObjectId from_bytes(ByteView bytes);
  // 64 hexadecimal digits, either case; nullopt for anything else.
  static std::optional<ObjectId> from_hex(std::string_view text);
};

struct ObjectIdHash {
  std::size_t operator()(const ObjectId& id) const {
    std::size_t value;
    std::memcpy(&value, id.bytes.data() + 8, sizeof value);
    return value;
  }
};

}  // namespace snapferry
