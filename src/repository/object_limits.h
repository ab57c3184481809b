#pragma once

#include <cstdint>

#include "repository/object_name.h"

namespace snapferry::repository {

// The most bytes that an object may have (FORMAT.md, "Objects"). Nothing larger is written, and
// nothing larger is read.
inline constexpr std::uint64_t kLargestConfig = 4096;
inline constexpr std::uint64_t kLargestKey = 4096;
std::uint64_t largest(ObjectType type);

}  // namespace snapferry::repository
