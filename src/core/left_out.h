#pragma once

#include <cstdint>
#include <string_view>

namespace snapferry {

// Why the content of an entry is not in the snapshot. The numbers are part of the format.
enum class LeftOut : std::uint8_t {
  None = 0,              // it is there
  Excluded = 1,          // a pattern says so
  Cache = 2,             // it lies beside a CACHEDIR.TAG
  OtherFilesystem = 3,   // mounted below the volume
  NestedVolume = 4,      // a subvolume or dataset below the volume: a volume of its own
  KernelFilesystem = 5,  // a window into the kernel, such as /proc
  Unreadable = 6,        // the backup tried, and failed: the snapshot is incomplete
  OwnStore = 7,          // a store or cache of this program
  OwnSnapshots = 8,      // the snapshots that this program keeps beside a volume
  OwnMount = 9,          // snapshots that this program has mounted
};
inline constexpr std::uint8_t kLastLeftOut = static_cast<std::uint8_t>(LeftOut::OwnMount);

// For people: "excluded", "on another filesystem", …; empty for None.
std::string_view reason_text(LeftOut reason);

// For JSON: "excluded", "other-filesystem", …; empty for None.
std::string_view reason_word(LeftOut reason);

}  // namespace snapferry
