#pragma once

#include <cstdint>
#include <vector>

#include "core/entry.h"
#include "core/snapshot_view.h"
#include "view/live_id.h"

namespace snapferry::view {

// The version of a file of a view, told apart from those in other directories.
std::uint64_t version_in(std::uint32_t directory, std::uint64_t version);

// The content of a file of `size` bytes: pieces of 1 MiB, in Lists where it is big or may have
// holes. Reads nothing. Of `file`, directory, inode and version count.
Content live_content(const LiveDataId& file, std::uint64_t size, bool sparse);

// The part of a file of `size` bytes that the List object `id` covers. Throws NotFound if there is
// no such list.
DataRange range_of_list(const LiveDataId& id, std::uint64_t size);

// The List object `id`. With `data`, what of its range is no hole, it is one of pieces; level 1
// alone is.
Content live_list(const LiveDataId& id, std::uint64_t size, const std::vector<DataRange>& data);

}  // namespace snapferry::view
