#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tree/backup/backup.h"
#include "tree/backup/entry_reader.h"

namespace snapferry::tree {

// Whether the encoded entry of the base is a directory on which something was mounted, entered or
// left out.
bool was_mount_point(ByteView base_entry);

// Whether the directory `name` in `directory` holds snapshots of the volume itself: ".snapferry" in
// a subvolume of btrfs, as btrfs/snapshot_place.h makes it, or the ".zfs" that shows with
// snapdir=visible.
bool is_own_snapshots(int directory, std::string_view name);

// The entry of what is left out at `place`. Of what was `Unreadable` or is a directory that was
// looked at, everything that statx(2) tells is kept; of the rest the name and `type`, a DT_… of
// readdir(3). nullopt if it is not there any more.
std::optional<Entry> left_out_entry(const EntryPlace& place, std::uint8_t type, LeftOut reason);

// Whether `options` say never to enter the directory.
bool is_skipped(const BackupOptions& options, std::uint64_t device, std::uint64_t inode);

}  // namespace snapferry::tree
