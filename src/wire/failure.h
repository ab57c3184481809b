#pragma once

#include "core/bytes.h"
#include "core/error.h"
#include "wire/frame.h"

namespace snapferry::wire {

// The longest message of a failure; a longer one is cut.
inline constexpr std::size_t kMaxFailureText = 4096;

Payload encode_failure(const Error& error);

// The peer's error, its message printable and one line. Throws Corrupt for anything else than
// encode_failure() writes.
Error decode_failure(ByteView bytes);

}  // namespace snapferry::wire
