#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "replication/run_state.h"

namespace snapferry::replication {

// The part of a run that takes snapshots: one for all volumes that need one, at once; apart from
// those, one for each state that another set has in a snapshot already.
class FreezeStep {
 public:
  // Borrows it.
  explicit FreezeStep(RunState& run) : run_(run) {}

  // Plans it from the listings that the run has; in the report.
  void decide();
  // What was decided to get one, and has not failed since.
  std::vector<std::string> to_freeze() const;
  // What to_freeze() gives, by the names that their snapshots get. Those that have no name by what
  // they are of get one that is free: one second after the other, from the beginning of the run on,
  // until neither side knows a snapshot with that time in its name, of whichever set: the same time
  // says that two sets have the same state.
  std::map<std::string, std::vector<std::string>> names_to_take();
  // Takes them; then the run has the listing that has them in it, and whatever others have taken
  // meanwhile. What gets none has failed then. Throws as the listing fails.
  void freeze();

 private:
  std::string free_name();
  void take_snapshots(const std::string& first_name, const std::vector<std::string>& volumes);
  void account_for(const std::vector<std::string>& names, const Freeze& result);
  void require_frozen();

  RunState& run_;
  std::map<std::string, Point> frozen_;  // the new snapshots, by volume
  std::int64_t name_time_ = 0;
};

}  // namespace snapferry::replication
