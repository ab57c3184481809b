#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace snapferry::btrfs {

// The paths of swap files (not partitions) in the text of /proc/swaps, which writes what would
// break its lines as an octal number, "\040" for one (proc_swaps(5)).
std::vector<std::string> parse_swap_files(std::string_view text);

// Those that are in use now; none where that is not to be seen.
std::vector<std::string> active_swap_files();

}  // namespace snapferry::btrfs
