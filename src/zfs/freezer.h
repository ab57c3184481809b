#pragma once

#include <string>
#include <vector>

#include "core/volume.h"
#include "platform/command.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {

// Source::freeze: one call for all volumes of a pool, which takes them at one point of time or not
// at all, and one listing of what was taken.
Freeze freeze_volumes(platform::Commands& commands, PoolCalls& calls,
                      const std::vector<std::string>& volumes, const std::string& name);

}  // namespace snapferry::zfs
