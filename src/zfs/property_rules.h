#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/volume.h"

namespace snapferry::zfs {

// What becomes of a property of a volume that is backed up and restored.
enum class PropertyUse {
  Reads,     // decides what is seen of the files: a replica gets it, and so does what is restored
  Restores,  // what is restored gets it, a replica does not
  Streams,   // fixed when a dataset is made, and part of its streams
  Stays,     // mounts, shares or runs something, or is about one place alone: never given to others
  None       // a figure, or what is unknown here
};

// Of a native property (zfsprops(7)) or a user property ("com.example:owner"), but for those that
// this program keeps its own books in, which are None.
PropertyUse use_of(std::string_view name);
bool is_user_property(std::string_view name);
// The value as every version since 0.8 takes it.
std::string portable_value(std::string_view name, const std::string& value);

// "acltype=posixacl", …: what a replica needs so that all of its files is seen. `properties`: what
// the volume has; nullptr: nobody told, and everything that there may be shall be seen.
std::vector<std::string> reading_assignments(VolumeType type, const VolumeProperties* properties);

// "compression=zstd", …: what a new dataset can have from its beginning, wherever it is. Limits and
// reservations may not fit there.
std::vector<std::string> initial_assignments(VolumeType type, const VolumeProperties& properties);

// `zfs get` of all that the datasets have and did not get by default.
std::vector<std::string> describing_arguments();
// Its output; what cannot be of one of `datasets` is left out, such as the rest of a value that
// holds a line break.
std::vector<VolumeDescription> parse_descriptions(std::string_view text,
                                                  const std::vector<std::string>& datasets);

}  // namespace snapferry::zfs
