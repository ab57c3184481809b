#pragma once

#include <sys/stat.h>

#include "core/bytes.h"
#include "core/entry.h"

namespace snapferry::tree {

// What statx(2) is asked for.
inline constexpr unsigned kStatxMask = STATX_BASIC_STATS;

// Whether the file that `stat` describes is the one that the encoded entry of the base
// describes, so that content, attributes and target can be taken over unread: same type,
// size, times, inode, mode, owner, device and links, and settled. What changed at or after
// `cutoff` may have changed again within the same tick of the filesystem's clock, and
// is taken for changed.
bool is_unchanged(const struct statx& stat, ByteView base_entry, Timestamp cutoff);

// Whether a file was left alone between two looks at it.
bool is_settled(const struct statx& before, const struct statx& after);

// The device of a file as st_dev.
std::uint64_t device_of(const struct statx& stat);

}  // namespace snapferry::tree
