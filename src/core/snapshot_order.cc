#include "core/snapshot_order.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace snapferry {

bool is_older(const Snapshot& one, const Snapshot& two) {
  return std::tie(one.sequence, one.time, one.id) < std::tie(two.sequence, two.time, two.id);
}

std::vector<Timestamp> effective_times(const std::vector<Snapshot>& oldest_first) {
  std::vector<Timestamp> times(oldest_first.size());
  std::map<std::pair<VolumeName, std::string>, Timestamp> next;
  for (std::size_t i = oldest_first.size(); i-- > 0;) {
    const Snapshot& snapshot = oldest_first[i];
    const Timestamp own = snapshot.seen == Timestamp{} ? snapshot.time : snapshot.seen;
    const auto [later, is_newest] = next.try_emplace({snapshot.volume, snapshot.set}, own);
    if (!is_newest) later->second = std::min(later->second, own);
    times[i] = later->second;
  }
  return times;
}

}  // namespace snapferry
