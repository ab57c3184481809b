#pragma once

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace snapferry::testing {

// The local time zone of this process for as long as it lives: "Europe/Berlin", "UTC", or
// where no zone files may be there, a rule such as "CET-1CEST,M3.5.0,M10.5.0/3".
class LocalTimeZone {
 public:
  explicit LocalTimeZone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~LocalTimeZone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  LocalTimeZone(const LocalTimeZone&) = delete;
  LocalTimeZone& operator=(const LocalTimeZone&) = delete;

 private:
  std::optional<std::string> before_;
};

inline constexpr char kCentralEurope[] = "CET-1CEST,M3.5.0,M10.5.0/3";
inline constexpr char kNewYork[] = "EST5EDT,M3.2.0,M11.1.0";

}  // namespace snapferry::testing
