#include "core/machine_change.h"

#include <algorithm>

namespace snapferry {

MachineHistory machine_history(const std::vector<const Snapshot*>& chain, const ObjectId& machine) {
  MachineHistory history;
  // One for each time that another machine took over, oldest first.
  std::vector<ObjectId> stretches;
  const auto add = [&](const ObjectId& next) {
    if (!stretches.empty() && stretches.back() == next) return false;
    history.takes_turns |= std::ranges::find(stretches, next) != stretches.end();
    stretches.push_back(next);
    return stretches.size() > 1;
  };
  const Snapshot* newest = nullptr;
  const std::size_t skipped = chain.size() - std::min(chain.size(), kMachineHistory);
  for (std::size_t i = skipped; i < chain.size(); ++i) {
    if (chain[i]->machine == ObjectId{}) continue;
    newest = chain[i];
    add(newest->machine);
  }
  if (machine != ObjectId{} && add(machine)) history.other = newest;
  return history;
}

}  // namespace snapferry
