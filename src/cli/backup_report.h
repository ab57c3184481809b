#pragma once

#include "cli/context.h"
#include "core/snapshot.h"

namespace snapferry::cli {

// What a backup found and cost, for people and with --json. A snapshot without an id is
// one that a dry run would have made.
void report_backup(Context& context, const Snapshot& snapshot, bool dry_run);

}  // namespace snapferry::cli
