#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace snapferry::repository {

enum class Codec : std::uint8_t { None = 0, Zstd = 1 };

// What compress() decided: `payload` points into the input or into a buffer of this
// thread that the next call overwrites.
struct Compressed {
  Codec codec = Codec::None;
  ByteView payload;
};

// Tries zstd, and keeps the bytes as they are where that does not pay.
Compressed compress(ByteView plain);

// The `plain_length` bytes behind a payload, the first byte of `coded` being its
// codec. Throws Corrupt naming `subject` unless it is exactly that many.
Bytes decompress(ByteView coded, std::size_t plain_length, std::string_view subject);

}  // namespace snapferry::repository
