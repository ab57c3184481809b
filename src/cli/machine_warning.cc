#include "cli/machine_warning.h"

#include <map>

#include <fmt/format.h>

#include "cli/format.h"
#include "core/machine_change.h"
#include "core/wall_time.h"
#include "repository/claim.h"

namespace snapferry::cli {
namespace {

using Chain = std::vector<const Snapshot*>;

constexpr std::string_view kGiveNames =
    "give one of them a name of its own with --host, or a set of its own with --set";

std::string take_turns(const VolumeName& volume, const std::string& set) {
  return fmt::format("{}: several machines called {} take turns in set '{}' of this volume; {}",
                     printable(volume.text()), printable(volume.host), printable(set), kGiveNames);
}

}  // namespace

ObjectId own_machine(const Context& context) {
  return context.io.machine ? context.io.machine() : repository::this_machine();
}

void warn_of_other_machine(Context& context, const std::vector<Snapshot>& snapshots,
                           const VolumeName& volume, const std::string& set) {
  Chain chain;
  for (const Snapshot& snapshot : snapshots) {
    if (snapshot.volume == volume && snapshot.set == set) chain.push_back(&snapshot);
  }
  const MachineHistory history = machine_history(chain, own_machine(context));
  if (history.takes_turns) return context.console.warn(take_turns(volume, set));
  if (history.other == nullptr) return;
  context.console.warn(fmt::format(
      "{}: the newest snapshot in set '{}', {} of {}, was taken by another machine called {}; if "
      "this one took its place, all is well, otherwise {}",
      printable(volume.text()), printable(set), history.other->id.short_hex(),
      format_local(history.other->time), printable(volume.host), kGiveNames));
}

bool warn_of_shared_chains(Context& context, const std::vector<Snapshot>& snapshots) {
  std::map<std::string, Chain> sets;
  for (const Snapshot& snapshot : snapshots) sets[snapshot.set].push_back(&snapshot);
  bool found = false;
  for (const auto& [set, chain] : sets) {
    if (!machine_history(chain, {}).takes_turns) continue;
    context.console.warn(take_turns(chain.front()->volume, set));
    found = true;
  }
  return found;
}

}  // namespace snapferry::cli
