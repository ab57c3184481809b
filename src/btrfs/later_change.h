#pragma once

#include <string_view>

#include "btrfs/subvolume.h"

namespace snapferry::btrfs {

// Whether a file of the snapshot, which Subvolume::may_have_changed(), was changed since it was
// made or received: whether any inode that a transaction has written since bears a later ctime.
// That is the kernel's, and nobody can set it: what it does not touch, as deduplication and a late
// write-back of what was received, changes no content. `fd` is any file of the filesystem. Throws
// as search_tree().
//
// A time after now proves nothing: where the clock was ahead when the snapshot was made or
// received, a ctime from before it was begun is later, too. After that time has come, a change that
// somebody made while the clock was behind passes for none, and so does one within the tick of the
// kernel's clock (some milliseconds) in which the snapshot was made or received.
bool was_changed_later(int fd, std::string_view subject, const Subvolume& snapshot);

// Of an inode that was written since, by its ctime.
bool tells_of_change(const SubvolumeTime& changed, const Subvolume& snapshot,
                     const SubvolumeTime& now);

}  // namespace snapferry::btrfs
