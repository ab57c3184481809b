#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {

struct RefusedItem {
  PoolItem item;
  int error = 0;  // errno
};

// Does it for all items that it can be done for, whatever pools they are of and whether or not
// others of them are refused; returns those that are. One call for each pool and thousand items,
// and another one without those to blame where some are.
std::vector<RefusedItem> change_all(PoolCalls& calls, PoolChange change,
                                    const std::vector<PoolItem>& items);

// "tank/home@a: cannot be held: CAUSE; NEXT STEP".
std::string refusal(PoolChange change, const RefusedItem& refused);

// The same as an Error for anything of a pool: "NAME: cannot be ACTION: CAUSE; NEXT STEP", of the
// kind that system_error() gives it.
Error pool_error(int number, std::string_view action, const std::string& name);

}  // namespace snapferry::zfs
