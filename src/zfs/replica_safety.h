#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/volume.h"

namespace snapferry::zfs {

// Here is what keeps a replica from mounting, running or being shared by itself, whatever it
// inherits: the values of its properties. Of a zvol also that no device appears whose partitions
// the system would look into.

enum class Privilege {
  Root,
  Delegated,  // mountpoint, canmount and the shares cannot be delegated on Linux (zfs-allow(8));
              // they are inherited from the store, and looked at
};

// Root for the effective user 0.
Privilege own_privilege();

// "-o", "readonly=on", …: for `zfs receive` of a full stream. Each is valid for the type; an
// incremental stream takes none, so that what was changed by hand since is not undone.
std::vector<std::string> safe_receive_options(VolumeType type, Privilege privilege);

// "readonly=on", …: for `zfs set`.
std::vector<std::string> safe_assignments(VolumeType type);

// The properties that unsafe_properties() looks at.
std::vector<std::string> safety_columns();

// Those that are not safe, as in "exec is on"; `values` by property, "-" where there is none. One
// that never mounts by itself may mount somewhere.
std::vector<std::string> unsafe_properties(VolumeType type,
                                           const std::map<std::string, std::string>& values);

}  // namespace snapferry::zfs
