#pragma once

#include <optional>
#include <vector>

#include "btrfs/mount_table.h"

namespace snapferry::btrfs {

// What read_mounts() gives, asked of the kernel itself: listmount(2) and statmount(2), Linux 6.8.
// nullopt where it has no such calls, or may not be asked.
std::optional<std::vector<Mount>> ask_for_mounts();

}  // namespace snapferry::btrfs
