#include <algorithm>
#include <numeric>

#include "replication/run.h"

namespace snapferry::replication {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Sent:
      return "sent";
    case Outcome::Unchanged:
      return "unchanged";
    case Outcome::Planned:
      return "planned";
    case Outcome::Skipped:
      return "skipped";
    case Outcome::Conflict:
      return "conflict";
    case Outcome::Failed:
      return "failed";
  }
  return "?";
}

std::uint64_t RunReport::bytes() const {
  return std::accumulate(
      volumes.begin(), volumes.end(), std::uint64_t{0},
      [](std::uint64_t sum, const VolumeOutcome& volume) { return sum + volume.bytes; });
}

std::size_t RunReport::count(Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(volumes.begin(), volumes.end(),
                    [&](const VolumeOutcome& volume) { return volume.outcome == outcome; }));
}

std::size_t RunReport::unsuccessful() const {
  return count(Outcome::Conflict) + count(Outcome::Failed);
}

}  // namespace snapferry::replication
