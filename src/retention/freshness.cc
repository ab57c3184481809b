#include "retention/freshness.h"

#include <algorithm>

namespace snapferry::retention {
namespace {

constexpr std::int64_t kToleranceSeconds = 60;

FreshnessState state_of(std::optional<std::int64_t> age, const FreshnessLimits& limits) {
  if (limits.critical && (!age || *age > limits.critical->seconds)) {
    return FreshnessState::Critical;
  }
  return age && *age <= limits.stale.seconds ? FreshnessState::Fresh : FreshnessState::Stale;
}

}  // namespace

std::string_view name_of(FreshnessState state) {
  switch (state) {
    case FreshnessState::Fresh:
      return "fresh";
    case FreshnessState::Stale:
      return "stale";
    case FreshnessState::Critical:
      return "critical";
  }
  return "unknown";
}

Freshness judge_freshness(const std::vector<Timestamp>& times, const FreshnessLimits& limits,
                          Timestamp now) {
  Freshness result;
  for (const Timestamp& time : times) {
    std::int64_t age = 0;
    if (__builtin_sub_overflow(now.seconds, time.seconds, &age)) age = INT64_MAX;
    if (time.seconds > now.seconds && (age == INT64_MAX || age < -kToleranceSeconds)) {
      result.future = std::max(result.future.value_or(time), time);
      continue;
    }
    age = std::max<std::int64_t>(age, 0);
    result.age_seconds = std::min(result.age_seconds.value_or(age), age);
  }
  result.state = state_of(result.age_seconds, limits);
  return result;
}

}  // namespace snapferry::retention
