#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::tree {

// What makes a restore durable: the filesystems that it writes to, each synced as a whole at the
// end. The disk may refuse only then what it was given before, and the kernel does not say of which
// files that is true. Their sizes and times look right, so the target is marked then
// (tree/restore/unfinished_restore.h), and whatever is restored there next writes everything again.
// Safe from several threads.
class TargetSync {
 public:
  // A directory on `device`, before anything is written there: only what went wrong after that is
  // told. Remembers the first of each device.
  void add(std::uint64_t device, int directory);

  // Syncs them. The error of one that failed; nothing was lost otherwise.
  std::optional<Error> sync();

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, platform::Fd> directories_;  // by device
};

}  // namespace snapferry::tree
