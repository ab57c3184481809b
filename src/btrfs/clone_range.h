#pragma once

#include <linux/fs.h>

namespace snapferry::btrfs {

// Makes the range of `range` in the file `to` one with the same bytes of `range.src_fd`, shared
// where the kernel shares it. It never does between a file with checksums and one without
// (EINVAL): a store, or a directory in it, that had nodatacow or nodatasum for a while has such
// files. Then the bytes are copied, holes as holes.
//
// Returns 0, or the errno. EINVAL for what is wrong in itself: a range that reaches beyond the end
// of its source, or overlaps with itself.
int clone_range(int to, const file_clone_range& range);

}  // namespace snapferry::btrfs
