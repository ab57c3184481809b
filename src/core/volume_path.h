#pragma once

#include <string>
#include <string_view>

#include "core/snapshot.h"

namespace snapferry {

// The absolute path of the volume on its host, by which what is in it has full paths: that of a
// tree or of a btrfs subvolume. Empty where the name tells none: of a stream, a ZFS dataset.
std::string host_path(const VolumeName& volume);

// A path as it is written below the root of a volume: "a/b" for "/a//./b/", "" for "/" and ".".
// ".." stays, for the reader to refuse.
std::string tidy_path(std::string_view path);

}  // namespace snapferry
