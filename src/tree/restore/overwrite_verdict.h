#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

#include "core/entry.h"
#include "tree/restore/restore.h"

namespace snapferry::tree {

// What is in the place of an entry that is no directory.
struct Existing {
  struct statx stat;
  std::string target;  // of a symlink
};

enum class Verdict {
  Create,   // nothing is there
  Replace,  // something else is there
  Check,    // its content is right; owner, mode, times and attributes may differ
  Leave,    // stays as it is, whatever it is
};

// A file that has other names than this one counts as different unless the snapshot
// knows of other names, too: changing it in place would change them.
Verdict judge(const Entry& entry, const std::optional<Existing>& existing, Overwrite overwrite);

EntryType type_of(const struct statx& stat);

}  // namespace snapferry::tree
