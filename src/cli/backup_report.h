#pragma once

#include "cli/context.h"
#include "core/snapshot.h"
#include "tree/left_out_summary.h"

namespace snapferry::cli {

// What a backup found and cost, for people and with --json. A snapshot without an id is
// one that a dry run would have made.
void report_backup(Context& context, const Snapshot& snapshot, const tree::LeftOutSummary& left_out,
                   bool dry_run);

}  // namespace snapferry::cli
