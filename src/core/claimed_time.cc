#include "core/claimed_time.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/clock_slack.h"

namespace snapferry {
namespace {

// Whether `one` is before `two` by more than clocks differ.
bool is_before(Timestamp one, Timestamp two) {
  return one.seconds < std::numeric_limits<std::int64_t>::max() - kClockSlack &&
         one.seconds + kClockSlack < two.seconds;
}

// The newest snapshots of each run whose begin the store saw, as places in the chain.
std::vector<std::size_t> newest_of_runs(const std::vector<ClaimedTime>& chain) {
  std::vector<std::size_t> newest;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].seen == Timestamp{}) continue;
    if (newest.empty() || chain[newest.back()].seen != chain[i].seen) {
      newest.push_back(i);
    } else {
      newest.back() = i;
    }
  }
  return newest;
}

}  // namespace

std::vector<Timestamp> contradicted_claims(const std::vector<ClaimedTime>& chain, Timestamp now) {
  std::vector<Timestamp> seen(chain.size());
  const auto runs = newest_of_runs(chain);
  bool second_is_behind = false;
  for (std::size_t run = runs.size(); run-- > 0;) {
    const ClaimedTime& one = chain[runs[run]];
    const Timestamp end = run + 1 < runs.size() ? chain[runs[run + 1]].seen : now;
    const bool is_claimed = one.claimed != Timestamp{};
    const bool is_behind =
        is_claimed &&
        (run > 0 ? is_before(one.claimed, chain[runs[run - 1]].seen) : second_is_behind);
    if (!is_claimed || is_behind || is_before(end, one.claimed)) {
      seen[runs[run]] = one.seen;
    }
    second_is_behind = is_behind;
  }
  return seen;
}

}  // namespace snapferry
