#pragma once

#include <vector>

#include "core/volume.h"
#include "platform/command.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {

// Source::settle, in the order that Settlement gives: all holds, all bookmarks, all releases, and
// then, after one more look at names and guids, what is to be destroyed. One call for each of them
// and each pool.
std::vector<VolumeFailure> settle_volumes(platform::Commands& commands, PoolCalls& calls,
                                          const std::vector<Settlement>& settlements);

// Something to be destroyed while its name and guid both match.
struct Doomed {
  std::string dataset;
  Point point;
};

// Looks at all of `doomed` with one process, and destroys what still is what it was and nobody
// holds, with one call for each pool. Returns what could not be destroyed;
// something that is gone, is another one by now, or is held is none of that.
std::vector<VolumeFailure> destroy_points(platform::Commands& commands, PoolCalls& calls,
                                          const std::vector<Doomed>& doomed);

}  // namespace snapferry::zfs
