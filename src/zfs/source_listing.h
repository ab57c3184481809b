#pragma once

#include <string>
#include <vector>

#include "core/volume.h"
#include "core/volume_pattern.h"
#include "zfs/listing.h"

namespace snapferry::zfs {

// The one `zfs list` that covers `patterns`: filesystems, volumes, snapshots and bookmarks, from
// their literal prefixes down as deep as it takes. Throws InvalidArgument for a pattern that is
// not of ZFS.
ListRequest source_listing(const std::vector<VolumePattern>& patterns);

// Its rows as volumes with their points, ascending by name; those alone that a pattern matches. A
// store of this program, here or of another one's, is excluded and shows nothing of what it holds,
// unless a pattern begins in it.
// Throws Corrupt for a row that cannot be.
std::vector<VolumeState> parse_source_rows(const std::vector<std::vector<std::string>>& rows,
                                           const std::vector<VolumePattern>& patterns);

}  // namespace snapferry::zfs
