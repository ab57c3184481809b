#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/store.h"

namespace snapferry::zfs {

// When a receive that can go on was first seen in the state that it is in, as the user property
// "snapferry:partial" of its dataset holds it:
//
//   mark := TO "." BYTES "@" TIME        TO: the guid of the snapshot, in hexadecimal
//                                        BYTES: received so far; TIME: seconds since 1970; decimal
//
// One of another state, as a dataset above may have it or a receive that went on left it, is none.
inline constexpr const char* kPartialProperty = "snapferry:partial";

// So long nobody went on with it by the clock of the store, and nobody will.
inline constexpr std::int64_t kGivenUpAfter = 14 * 86400;  // seconds

enum class PartialAge : std::uint8_t {
  Unmarked,  // it came to this state since it was looked at last, or a clock was wrong
  Waiting,
  GivenUp,
};

std::string partial_mark(const Partial& partial, std::int64_t now);
PartialAge age_of_partial(const Partial& partial, std::string_view mark, std::int64_t now);

}  // namespace snapferry::zfs
