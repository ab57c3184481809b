#include "replication/arrivals.h"

#include "replication/snapshot_name.h"

namespace snapferry::replication {

std::map<std::string, Arrival> arrivals_of(const ReplicaState& replica) {
  std::map<std::string, Arrival> arrivals;
  for (const Point& point : replica.points) {
    const auto name = parse_snapshot_name(point.name);
    arrivals[name ? name->set : std::string()].newest = point.guid.hex();
  }
  for (const auto& [set, time] : replica.seen_unchanged) arrivals[set].unchanged = time;
  return arrivals;
}

}  // namespace snapferry::replication
