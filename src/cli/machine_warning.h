#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "core/snapshot.h"

namespace snapferry::cli {

// What tells this machine from others of its name; zeros: unknown.
ObjectId own_machine(const Context& context);

// Before a backup by this machine continues the chain of `volume` and `set` in `snapshots`, which
// are oldest first: warns if another machine, of the same name, is in it, too.
void warn_of_other_machine(Context& context, const std::vector<Snapshot>& snapshots,
                           const VolumeName& volume, const std::string& set);

// Warns of each set of one volume, whose `snapshots` are oldest first, in which machines take
// turns. True if there is one.
bool warn_of_shared_chains(Context& context, const std::vector<Snapshot>& snapshots);

}  // namespace snapferry::cli
