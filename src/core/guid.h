#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace snapferry {

// The identity of a native snapshot, the same on every machine that has it: the guid of a
// ZFS snapshot or bookmark (64 bits: the first eight bytes, big-endian, the rest zero), or
// the uuid of a btrfs subvolume, which is its received_uuid where it was received.
struct Guid {
  static constexpr std::size_t kSize = 16;
  std::array<std::uint8_t, kSize> bytes{};

  auto operator<=>(const Guid&) const = default;

  bool is_zero() const { return *this == Guid{}; }
  // 16 hexadecimal digits if the last eight bytes are zero (ZFS), else 32.
  std::string hex() const;
  // The 64 bits of a ZFS guid.
  std::uint64_t number() const;

  static Guid from_number(std::uint64_t number);
  // 16 or 32 hexadecimal digits; nullopt for anything else.
  static std::optional<Guid> from_hex(std::string_view text);
  // Exactly 16 bytes; anything else throws Corrupt.
  static Guid from_bytes(ByteView bytes);
};

}  // namespace snapferry
