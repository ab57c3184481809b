#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "core/bytes.h"
#include "core/entry.h"

namespace snapferry::tree {

// What statx(2) is asked for.
inline constexpr unsigned kStatxMask = STATX_BASIC_STATS;
// Whoever keeps a file is asked each time: what the kernel remembers of a file on a server or of
// FUSE may be old. Local filesystems know no difference.
inline constexpr int kStatxFlags = AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT;

// When a file was read for the base it may have changed once more within the same tick of its
// filesystem's clock, unseen. So what the base has with a ctime in here is read again. A ctime
// after it was not of the time of that reading, and any change would have replaced it: then it is
// as good as an old one. The end leaves a day for servers whose clocks differ. The mtime counts for
// filesystems whose ctime never changes, and without that day: it may lie in the future for good.
struct RacyWindow {
  Timestamp from;
  Timestamp until;        // of ctimes
  Timestamp until_mtime;  // of mtimes
  bool contains(Timestamp ctime, Timestamp mtime) const {
    return (from <= ctime && ctime < until) || (from <= mtime && mtime < until_mtime);
  }
};

// Of a backup that ran from `begun` to `finished`.
RacyWindow racy_window(Timestamp begun, Timestamp finished);

// Whether the file that `stat` describes is the one that the encoded entry of the base
// describes, so that content, attributes and target can be taken over unread: same type,
// size, times, inode, mode, owner, device and links, and settled, not left out, and not
// too young to tell.
bool is_unchanged(const struct statx& stat, ByteView base_entry, const RacyWindow& racy);

// Whether what `stat` describes has all that is told of the content of a file, and who has it, in
// common with the encoded entry of the base: it was perhaps not changed, but cannot be taken over
// unread.
bool is_alike(const struct statx& stat, ByteView base_entry);

// Whether two encoded entries say the same, but for the ctime and the inode, which no restore
// brings back.
bool say_the_same(ByteView one, ByteView other);

// Whether a file was left alone between two looks at it.
bool is_settled(const struct statx& before, const struct statx& after);

// The device of a file as st_dev.
std::uint64_t device_of(const struct statx& stat);

}  // namespace snapferry::tree
