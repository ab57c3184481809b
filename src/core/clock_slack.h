#pragma once

#include <cstdint>

namespace snapferry {

// Seconds by which two right clocks may differ.
inline constexpr std::int64_t kClockSlack = 3600;

}  // namespace snapferry
