#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/entry.h"
#include "core/wall_time.h"

namespace snapferry::retention {

// How old the newest backup of a volume may be.
struct FreshnessLimits {
  Duration stale;                    // older than that is stale
  std::optional<Duration> critical;  // older than that, or no backup at all, is critical
};

enum class FreshnessState { Fresh, Stale, Critical };

// "fresh", "stale", "critical".
std::string_view name_of(FreshnessState state);

struct Freshness {
  FreshnessState state = FreshnessState::Stale;
  std::optional<std::int64_t> age_seconds;  // of the newest that counts; nullopt: none does
  // The newest that does not count because it lies in the future of `now`.
  std::optional<Timestamp> future;
};

// `times` are when the volume was backed up, in any order, as the one who keeps the backups saw it.
// What lies more than a minute in the future of `now` proves nothing: the clock of whoever kept it,
// or that of whoever asks, is wrong. Pure.
Freshness judge_freshness(const std::vector<Timestamp>& times, const FreshnessLimits& limits,
                          Timestamp now);

}  // namespace snapferry::retention
