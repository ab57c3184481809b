#include "core/wall_time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "core/error.h"

namespace snapferry {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kLongestDuration = 10'000 * 365 * kDay;

struct DurationUnit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<DurationUnit, 7> kDurationUnits = {{{'s', 1},
                                                         {'m', kMinute},
                                                         {'h', kHour},
                                                         {'d', kDay},
                                                         {'w', 7 * kDay},
                                                         {'M', 30 * kDay},
                                                         {'y', 365 * kDay}}};

struct CivilTime {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

// Days since 1970-01-01 of a day of the proleptic Gregorian calendar, and back, by
// counting in eras of 400 years that begin on the first of March.
std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

CivilTime civil_of(std::int64_t seconds) {
  const std::int64_t second_of_day = ((seconds % kDay) + kDay) % kDay;
  const std::int64_t days = seconds / kDay - (seconds % kDay < 0 ? 1 : 0) + 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  civil.year = era * 400 + year_of_era + (civil.month <= 2 ? 1 : 0);
  civil.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  civil.hour = static_cast<unsigned>(second_of_day / kHour);
  civil.minute = static_cast<unsigned>(second_of_day % kHour / kMinute);
  civil.second = static_cast<unsigned>(second_of_day % kMinute);
  return civil;
}

std::string format_civil(const CivilTime& civil, char separator) {
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02u-%02u%c%02u:%02u:%02u",
                static_cast<long long>(civil.year), civil.month, civil.day, separator, civil.hour,
                civil.minute, civil.second);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes pieces off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` of them.
  std::optional<unsigned> number(std::size_t digits) {
    if (rest_.size() < digits || !std::all_of(rest_.begin(), rest_.begin() + digits, is_digit)) {
      return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : rest_.substr(0, digits)) value = value * 10 + unsigned(c - '0');
    rest_.remove_prefix(digits);
    return value;
  }
  // One or more digits; nullopt also if the value does not fit.
  std::optional<std::int64_t> long_number() {
    std::int64_t value = 0;
    if (!is_digit(peek())) return std::nullopt;
    for (; is_digit(peek()); rest_.remove_prefix(1)) {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, peek() - '0', &value)) {
        return std::nullopt;
      }
    }
    return value;
  }

 private:
  std::string_view rest_;
};

unsigned days_in_month(std::int64_t year, unsigned month) {
  const bool december = month == 12;
  return static_cast<unsigned>(days_of(december ? year + 1 : year, december ? 1 : month + 1, 1) -
                               days_of(year, month, 1));
}

// "2026-03-01".
bool scan_date(Scanner& in, CivilTime& civil) {
  const auto year = in.number(4);
  if (!year || !in.take('-')) return false;
  const auto month = in.number(2);
  if (!month || *month < 1 || *month > 12 || !in.take('-')) return false;
  const auto day = in.number(2);
  if (!day || *day < 1 || *day > days_in_month(*year, *month)) return false;
  civil.year = *year;
  civil.month = *month;
  civil.day = *day;
  return true;
}

// "12:00" or "12:00:00".
bool scan_time_of_day(Scanner& in, CivilTime& civil) {
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return false;
  const auto minute = in.number(2);
  if (!minute || *minute > 59) return false;
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = 0;
  if (!in.take(':')) return true;
  const auto second = in.number(2);
  if (!second || *second > 59) return false;
  civil.second = *second;
  return true;
}

// "Z" or "+01:00": seconds east of Greenwich. nullopt for anything else.
std::optional<std::int64_t> scan_zone(Scanner& in) {
  if (in.take('Z')) return 0;
  const bool west = in.peek() == '-';
  if (!in.take('-') && !in.take('+')) return std::nullopt;
  const auto hours = in.number(2);
  if (!hours || *hours > 23 || !in.take(':')) return std::nullopt;
  const auto minutes = in.number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::int64_t offset = *hours * kHour + *minutes * kMinute;
  return west ? -offset : offset;
}

std::int64_t utc_seconds(const CivilTime& civil) {
  return days_of(civil.year, civil.month, civil.day) * kDay + civil.hour * kHour +
         civil.minute * kMinute + civil.second;
}

std::tm broken_down(const CivilTime& civil, int daylight_saving) {
  std::tm time{};
  time.tm_year = static_cast<int>(civil.year - 1900);
  time.tm_mon = static_cast<int>(civil.month - 1);
  time.tm_mday = static_cast<int>(civil.day);
  time.tm_hour = static_cast<int>(civil.hour);
  time.tm_min = static_cast<int>(civil.minute);
  time.tm_sec = static_cast<int>(civil.second);
  time.tm_isdst = daylight_saving;
  return time;
}

// An hour that comes twice when clocks go back means the second; one that is left out
// when they go forward, what mktime(3) makes of it.
std::int64_t local_seconds(const CivilTime& civil) {
  std::optional<std::int64_t> latest;
  for (const int daylight_saving : {0, 1}) {
    std::tm time = broken_down(civil, daylight_saving);
    const std::int64_t seconds = std::mktime(&time);
    const bool as_given = time.tm_isdst == daylight_saving &&
                          time.tm_hour == static_cast<int>(civil.hour) &&
                          time.tm_min == static_cast<int>(civil.minute);
    if (as_given) latest = std::max(latest.value_or(seconds), seconds);
  }
  if (latest) return *latest;
  std::tm time = broken_down(civil, -1);
  return std::mktime(&time);
}

[[noreturn]] void reject_time(std::string_view text) {
  throw Error(ErrorKind::InvalidArgument,
              "'" + std::string(text) +
                  "': is not a time; use 2026-03-01, 2026-03-01 12:00, 2026-03-01T12:00:00, "
                  "each with or without Z or +01:00 behind, or @SECONDS");
}

[[noreturn]] void reject_duration(std::string_view text, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              "'" + std::string(text) + "': " + std::string(cause) +
                  "; use numbers with s, m, h, d, w, M (30 days) or y (365 days), such as 90s, "
                  "2d or 1d12h");
}

std::optional<std::int64_t> scan_epoch(Scanner& in) {
  const bool negative = in.take('-');
  const auto seconds = in.long_number();
  if (!seconds || !in.at_end()) return std::nullopt;
  return negative ? -*seconds : *seconds;
}

}  // namespace

Duration parse_duration(std::string_view text) {
  Scanner in(text);
  Duration sum;
  do {
    const auto number = in.long_number();
    if (!number) reject_duration(text, "is not a duration");
    const auto unit = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                   [&](const DurationUnit& each) { return in.take(each.letter); });
    if (unit == kDurationUnits.end()) reject_duration(text, "is not a duration");
    std::int64_t part = 0;
    if (__builtin_mul_overflow(*number, unit->seconds, &part) || part > kLongestDuration ||
        (sum.seconds += part) > kLongestDuration) {
      reject_duration(text, "is longer than 10000 years");
    }
  } while (!in.at_end());
  return sum;
}

std::string format_duration(Duration duration) {
  if (duration.seconds < 0) {
    const std::int64_t positive = duration.seconds == INT64_MIN ? INT64_MAX : -duration.seconds;
    return "-" + format_duration({positive});
  }
  const auto pair = [&](std::int64_t large, const char* large_name, std::int64_t small,
                        const char* small_name) {
    return std::to_string(duration.seconds / large) + large_name + " " +
           std::to_string(duration.seconds % large / small) + small_name;
  };
  if (duration.seconds >= kDay) return pair(kDay, "d", kHour, "h");
  if (duration.seconds >= kHour) return pair(kHour, "h", kMinute, "m");
  if (duration.seconds >= kMinute) return pair(kMinute, "m", 1, "s");
  return std::to_string(duration.seconds) + "s";
}

std::string format_utc(Timestamp time) { return format_civil(civil_of(time.seconds), 'T') + "Z"; }

std::string format_local(Timestamp time) {
  const std::time_t seconds = time.seconds;
  std::tm local{};
  // Years that do not fit into an int.
  if (::localtime_r(&seconds, &local) == nullptr) return format_utc(time);
  const CivilTime civil{
      local.tm_year + std::int64_t{1900},   static_cast<unsigned>(local.tm_mon + 1),
      static_cast<unsigned>(local.tm_mday), static_cast<unsigned>(local.tm_hour),
      static_cast<unsigned>(local.tm_min),  static_cast<unsigned>(local.tm_sec)};
  return format_civil(civil, ' ');
}

Timestamp parse_time(std::string_view text) {
  Scanner in(text);
  if (in.take('@')) {
    const auto seconds = scan_epoch(in);
    if (!seconds) reject_time(text);
    return {*seconds, 0};
  }
  CivilTime civil;
  civil.hour = 23;
  civil.minute = 59;
  civil.second = 59;
  if (!scan_date(in, civil)) reject_time(text);
  if ((in.take('T') || in.take(' ')) && !scan_time_of_day(in, civil)) reject_time(text);
  if (in.at_end()) return {local_seconds(civil), 0};
  const auto offset = scan_zone(in);
  if (!offset || !in.at_end()) reject_time(text);
  return {utc_seconds(civil) - *offset, 0};
}

}  // namespace snapferry
