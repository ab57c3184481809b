#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/entry.h"

namespace snapferry {

// A length of time in whole seconds.
struct Duration {
  std::int64_t seconds = 0;
  auto operator<=>(const Duration&) const = default;
};

// "90s", "15m", "12h", "2d", "1w", "3M" (30 days), "1y" (365 days) and sums of
// them such as "1d12h". Throws InvalidArgument, saying what is accepted.
Duration parse_duration(std::string_view text);

// The two largest units: "2d 3h", "15m 0s", "4s".
std::string format_duration(Duration duration);

// "2026-03-01T12:00:00Z" (UTC).
std::string format_utc(Timestamp time);

// "2026-03-01 12:00:00" in the local time zone.
std::string format_local(Timestamp time);

// Accepts "2026-03-01", "2026-03-01 12:00", "2026-03-01T12:00:00", each in local
// time, or with a "Z" or "+01:00" behind; "@SECONDS". A date alone means its last
// second, because it is used as "at or before". Throws InvalidArgument.
Timestamp parse_time(std::string_view text);

}  // namespace snapferry
