#pragma once

#include <cstdint>

#include "core/entry.h"

namespace snapferry::tree {

// Which unchanged files are read again, so that content that changed without a new time is found:
// what was written through mmap(2) can get one late or never, and disks and drivers fail. Each
// inode has one moment in each period, spread by a hash; it is due in the backup whose time since
// the base holds that moment. So every file is read within a period, a backup that comes soon after
// the last reads few, and nothing has to be kept for it but the time of the base.
struct RereadRule {
  bool all = false;
  std::int64_t period = 0;  // seconds; 0: nothing is due
  Timestamp from = {};      // when the base began
  Timestamp to = {};        // when this backup began

  bool is_due(std::uint64_t inode) const;
};

}  // namespace snapferry::tree
