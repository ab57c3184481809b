#pragma once

#include <string>
#include <vector>

#include "core/snapshot.h"
#include "core/tree_reader.h"

namespace snapferry::tree {

// What to restore: an entry with everything below it, or a directory on the way to
// the chosen ones.
struct RestorePlan {
  Entry entry;
  bool whole = false;
  std::vector<RestorePlan> children;  // unless whole: ascending by name
};

// The plan of the directory that becomes the target. The whole root of the volume
// without `paths`; a root that is no directory is put below, under the last part of
// the volume's path. Throws NotFound for a path that the snapshot does not hold,
// InvalidArgument for one with "..", and Corrupt or what the source throws.
RestorePlan plan_restore(const Snapshot& snapshot, const std::vector<std::string>& paths,
                         const TreeReader& reader);

}  // namespace snapferry::tree
