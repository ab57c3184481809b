#pragma once

#include <algorithm>
#include <cstdlib>

#include "core/bytes.h"
#include "core/error.h"

namespace snapferry::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline bool same(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

// Runs `action`, which may throw Corrupt and nothing else.
template <typename Action>
void corrupt_at_most(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Corrupt);
  }
}

}  // namespace snapferry::fuzz
