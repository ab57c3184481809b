#pragma once

#include <string>

#include "platform/fd.h"

namespace snapferry::btrfs {

// Where the snapshots of a volume are: DIRECTORY/.snapferry/BASENAME/NAME, DIRECTORY being the one
// that holds the volume, or, where that is on another filesystem, the volume itself, with ".self"
// in place of BASENAME. ".snapferry" is a subvolume of its own, so that snapshots coming and going
// leave the tree of every volume untouched; it is of mode 0700, so that what was readable once does
// not stay so for everybody.
struct SnapshotPlace {
  std::string directory;  // absolute
  std::string basename;

  std::string path() const { return directory + "/.snapferry/" + basename; }
  // "…/NAME".
  std::string path_of(const std::string& name) const { return path() + "/" + name; }
};

// The name of every directory of ours.
inline constexpr const char* kSnapshotsName = ".snapferry";
inline constexpr const char* kOwnBasename = ".self";

// `path` has a part of that name.
bool is_ours(std::string_view path);

// Where the snapshots of the volume at `path` belong; makes nothing.
SnapshotPlace snapshot_place(const std::string& path);

// Throws what open_snapshot_place() would, as far as that can be known without making anything.
void rehearse_snapshot_place(const SnapshotPlace& place);
// Opens it, made if need be; own_subvolume.h says what becomes of what a rollback left there.
// Throws PermissionDenied if somebody else owns a directory of that name, Conflict if it is a
// symlink or a file.
platform::Fd open_snapshot_place(const SnapshotPlace& place);
// The same, but returns an invalid one where it is not there.
platform::Fd find_snapshot_place(const SnapshotPlace& place);

}  // namespace snapferry::btrfs
