#include "retention/keep_rules.h"

#include <algorithm>
#include <ctime>
#include <span>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace snapferry::retention {
namespace {

// A rule that keeps the newest snapshot of each period. `pattern` gives
// strftime(3) the name of the period: snapshots of one period are those with
// the same name.
struct PeriodRule {
  std::uint64_t KeepRules::*count;
  const char* word;
  const char* pattern;
};

constexpr PeriodRule kPeriodRules[] = {
    // The offset tells the two hours of the same name apart when clocks go
    // back.
    {&KeepRules::hourly, "hour", "%Y-%m-%d %H:00 %z"},
    {&KeepRules::daily, "day", "%Y-%m-%d"},
    {&KeepRules::weekly, "week", "%G-W%V"},
    {&KeepRules::monthly, "month", "%Y-%m"},
    {&KeepRules::yearly, "year", "%Y"},
};

void check_rules(const KeepRules& rules) {
  if (rules.within && rules.within->seconds < 0) {
    throw Error(ErrorKind::InvalidArgument,
                "retention: keep-within must not be negative; give a duration "
                "such as 2d");
  }
  const bool keeps_period =
      std::any_of(std::begin(kPeriodRules), std::end(kPeriodRules),
                  [&](const PeriodRule& rule) { return rules.*rule.count > 0; });
  if (rules.last == 0 && !keeps_period && (!rules.within || rules.within->seconds == 0)) {
    throw Error(ErrorKind::InvalidArgument,
                "retention: no rule would keep any snapshot; give at least one "
                "of keep-last, "
                "keep-within, keep-hourly, keep-daily, keep-weekly, "
                "keep-monthly, keep-yearly");
  }
}

std::string period_name(Timestamp time, const char* pattern) {
  const std::time_t seconds = time.seconds;
  std::tm local{};
  char name[64];
  if (::localtime_r(&seconds, &local) == nullptr ||
      std::strftime(name, sizeof name, pattern, &local) == 0) {
    return "@" + std::to_string(time.seconds);
  }
  return name;
}

void keep(Decision& decision, std::string reason) {
  decision.keep = true;
  decision.reasons.push_back(std::move(reason));
}

// The decisions are newest first here and below.
// Returns the rest.
std::span<Decision> keep_future(std::span<Decision> decisions, Timestamp now) {
  std::size_t count = 0;
  for (; count < decisions.size() && decisions[count].time > now; ++count) {
    keep(decisions[count], "in the future of " + format_local(now));
  }
  return decisions.subspan(count);
}

void keep_last(std::span<Decision> decisions, std::uint64_t count) {
  std::uint64_t seen = 0;
  std::uint64_t complete = 0;
  for (Decision& decision : decisions) {
    if (complete >= count && seen >= count) return;
    const bool among_all = ++seen <= count;
    const bool among_complete = decision.complete && ++complete <= count;
    if (!among_all && !among_complete) continue;
    const std::string what = among_all ? "" : " complete";
    keep(decision,
         count == 1 ? "the last" + what : "among the last " + std::to_string(count) + what);
  }
}

void keep_within(std::span<Decision> decisions, Duration within, Timestamp now) {
  Timestamp oldest = now;
  if (__builtin_sub_overflow(now.seconds, within.seconds, &oldest.seconds)) {
    oldest = {INT64_MIN, 0};
  }
  for (Decision& decision : decisions) {
    if (decision.time < oldest) break;
    keep(decision, "within " + format_duration(within) + " of now");
  }
}

// What one hour, day, … has.
struct Period {
  std::string name;
  Decision* newest = nullptr;
  Decision* newest_complete = nullptr;  // null: none is complete
};

// Newest first. By name, and not only by the one before: clocks that go back at
// midnight repeat a day.
std::vector<Period> periods_of(std::span<Decision> decisions, const char* pattern) {
  std::vector<Period> periods;
  std::unordered_map<std::string, std::size_t> places;
  for (Decision& decision : decisions) {
    if (!decision.time_is_known) continue;
    std::string name = period_name(decision.time, pattern);
    const auto [place, is_new] = places.emplace(name, periods.size());
    if (is_new) periods.push_back({std::move(name), &decision, nullptr});
    Period& period = periods[place->second];
    if (decision.complete && period.newest_complete == nullptr) period.newest_complete = &decision;
  }
  return periods;
}

void keep_periods(std::span<Decision> decisions, const PeriodRule& rule, std::uint64_t count) {
  if (count == 0) return;
  std::uint64_t seen = 0;
  std::uint64_t complete = 0;
  for (const Period& period : periods_of(decisions, rule.pattern)) {
    ++seen;
    const std::string of_period = std::string(" of ") + rule.word + " " + period.name;
    if (period.newest_complete == nullptr) {
      if (seen <= count) keep(*period.newest, "newest" + of_period);
    } else if (++complete <= count) {
      const bool passed_over = period.newest != period.newest_complete;
      keep(*period.newest_complete, (passed_over ? "newest complete" : "newest") + of_period);
    }
  }
}

bool goes_by_times(const KeepRules& rules) {
  return rules.within || std::ranges::any_of(kPeriodRules, [&](const PeriodRule& rule) {
           return rules.*rule.count > 0;
         });
}

void keep_unknown_times(std::span<Decision> decisions) {
  for (Decision& decision : decisions) {
    if (!decision.time_is_known) keep(decision, "no clock vouches for its time");
  }
}

// Whatever the rules say.
void keep_newest(std::span<Decision> decisions) {
  if (decisions.empty()) return;
  if (!decisions.front().keep) keep(decisions.front(), "the newest is always kept");
  const auto complete = std::ranges::find(decisions, true, &Decision::complete);
  if (complete == decisions.end() || complete->keep) return;
  keep(*complete, "the newest complete one is always kept");
}

std::vector<Decision> newest_first(std::vector<Candidate> candidates) {
  std::reverse(candidates.begin(), candidates.end());
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.time > b.time; });
  std::vector<Decision> decisions;
  decisions.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    decisions.push_back(
        {candidate.id, candidate.time, candidate.complete, candidate.time_is_known, false, {}});
  }
  return decisions;
}

}  // namespace

std::vector<Decision> decide(std::vector<Candidate> candidates, const KeepRules& rules,
                             Timestamp now) {
  check_rules(rules);
  std::vector<Decision> decisions = newest_first(std::move(candidates));
  if (decisions.empty()) return decisions;
  const std::span<Decision> past = keep_future(decisions, now);
  keep_last(past, rules.last);
  if (rules.within) keep_within(past, *rules.within, now);
  for (const PeriodRule& rule : kPeriodRules) keep_periods(past, rule, rules.*rule.count);
  if (goes_by_times(rules)) keep_unknown_times(past);
  keep_newest(past);
  for (Decision& decision : decisions) {
    if (!decision.keep) decision.reasons.emplace_back("no rule keeps it");
  }
  return decisions;
}

}  // namespace snapferry::retention
