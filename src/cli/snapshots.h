#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/store.h"
#include "core/snapshot.h"

namespace snapferry::cli {

// The one snapshot that `selector` means; see core/snapshot_selector.h.
Snapshot find_snapshot(Context& context, OpenStore& store, const std::string& selector);

// The snapshots of each volume, oldest first; with a selector only those of that volume.
std::map<VolumeName, std::vector<Snapshot>> by_volume(Context& context,
                                                      const std::vector<Snapshot>& snapshots,
                                                      const std::string& selector);

// The names of users or groups as they were on the source; numbers where there is none.
class OwnerNames {
 public:
  explicit OwnerNames(const std::vector<OwnerName>& names) : names_(names) {}
  std::string of(std::uint32_t id) const;

 private:
  const std::vector<OwnerName>& names_;
};

}  // namespace snapferry::cli
