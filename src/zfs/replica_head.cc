#include "zfs/replica_head.h"

#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/listing.h"

namespace snapferry::zfs {

bool is_head_as_received(platform::Commands& commands, const std::string& dataset) {
  const auto listing = run_list(commands, {.columns = {"name", "written"},
                                           .types = "filesystem,volume",
                                           .recursive = false,
                                           .roots = {dataset}});
  return listing.rows.size() == 1 && listing.rows.front()[1] == "0";
}

void bring_head_back(platform::Commands& commands, const std::string& dataset,
                     const Point& newest) {
  run_command(commands, {"zfs", "rollback", point_name(dataset, newest)});
}

}  // namespace snapferry::zfs
