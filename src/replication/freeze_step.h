#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "replication/run_state.h"

namespace snapferry::replication {

// The part of a run that takes snapshots: one for all volumes that need one, at once.
class FreezeStep {
 public:
  // Borrows it.
  explicit FreezeStep(RunState& run) : run_(run) {}

  // Plans it from the listings that the run has; in the report.
  void decide();
  // What was decided to get one, and has not failed since.
  std::vector<std::string> to_freeze() const;
  // One second after the other, from the beginning of the run on, until neither side knows a
  // snapshot of that name.
  std::string free_name();
  // Takes them; then the run has the listing that has them in it, and whatever others have taken
  // meanwhile. What gets none has failed then. Throws as the listing fails.
  void freeze();

 private:
  void take_snapshots(const std::vector<std::string>& names);
  void account_for(const std::vector<std::string>& names, const Freeze& result);
  void require_frozen();

  RunState& run_;
  std::map<std::string, Guid> frozen_;  // the new snapshots, by volume
  std::int64_t name_time_ = 0;
};

}  // namespace snapferry::replication
