#pragma once

#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/object_store.h"
#include "core/snapshot.h"
#include "tree/exclude.h"
#include "tree/left_out_summary.h"

namespace snapferry::tree {

// What of a snapshot was asked for.
struct RestoreWish {
  // Paths below the root of the volume. One that the snapshot does not hold as it is written, and
  // that has wildcards, is every path that matches it. None: everything.
  std::vector<std::string> paths;
  // Of these only what matches, with everything below it; empty: all of it.
  ExcludeRules includes;
  // Of the rest nothing that matches, however it was asked for; with everything below it.
  ExcludeRules excludes;
};

struct RestoreChoice {
  // Paths that the snapshot holds; empty: everything. What is below them may still be excluded.
  std::vector<std::string> paths;
  // What the snapshot left out and was, or may have held, what was asked for.
  LeftOutSummary left_out;
};

// Decides what a restore brings back. Reads the directories in which something may match, and no
// others; memory grows with what matches. Throws NotFound if a path is not there or nothing is
// left, InvalidArgument for a path that can never match, and what the source throws, Cancelled.
RestoreChoice choose_restore(const Snapshot& snapshot, const RestoreWish& wish,
                             ObjectSource& source, const Cancellation* cancellation = nullptr);

}  // namespace snapferry::tree
