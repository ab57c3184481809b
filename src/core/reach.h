#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace snapferry {

// What a driver does below a path.
enum class Reach : std::uint8_t {
  List,         // opens directories, for what is in them or for an ioctl
  Directories,  // makes directories, too
  Read,         // reads this file
  Write,        // makes, changes and removes whatever is in it
};

// What a driver opens of this machine's files for some volumes or a store, said by the driver
// itself, so that a process can take everything else from itself (agent/sandbox_plan.h) and still
// do its work. One that writes to a path which is not there has to be prepared first
// (BtrfsStore::prepare, VolumeTarget::prepare), by a process that may make it.
struct ReachedPath {
  std::string path;
  Reach reach = Reach::List;
  bool operator==(const ReachedPath&) const = default;
};

}  // namespace snapferry
