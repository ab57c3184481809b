#pragma once

#include <cstdint>

#include <sys/stat.h>

#include "core/entry.h"
#include "tree/live_id.h"

namespace snapferry::tree {

// Tells versions of files apart: from place, inode, size, and the times of change and birth.
// Equal numbers mean that nothing was written between.
std::uint64_t version_of(const struct statx& stat, std::uint32_t directory);

// The content of a file of `size` bytes: pieces of 1 MiB, in Lists where it is big or may have
// holes. Reads nothing. Of `file`, directory, inode and version count.
Content live_content(const LiveDataId& file, std::uint64_t size, bool sparse);

// The List object `id` of the open file of `size` bytes; what the filesystem calls holes become
// hole runs. Throws as system_error, and NotFound if there is no such list.
Content live_list(const LiveDataId& id, int fd, std::uint64_t size);

}  // namespace snapferry::tree
