#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "btrfs/subvolume_table.h"
#include "core/volume.h"

namespace snapferry::btrfs {

// A snapshot of a volume, as a point and as what it is here.
struct VolumePoint {
  Point point;
  const Subvolume* subvolume = nullptr;  // in the table
  bool ours = false;                     // lies in a directory of ours
};

// Which snapshots belong to the history of which volume, over one table.
//
// Those of a volume are the read-only subvolumes that were taken of it (their parent_uuid is its
// uuid), wherever they lie and whatever it is called; and, where the volume itself was taken of
// a snapshot, as a restore does it, that snapshot and the others of the same origin: all of them
// where that volume is gone, where it lives on those up to that snapshot, and those that lie
// where ours of this volume belong.
class Lineage {
 public:
  explicit Lineage(const SubvolumeTable& table);

  // Ascending by order, each identity once. A point's name is that of its directory entry; where
  // two have the same (".snapshots/1/snapshot"), that of a snapshot that is not ours is its whole
  // path from the top level with '/' and '%' percent-encoded; a first '.' always is. What would be
  // longer than 255 bytes ends in "~" and its identity.
  std::vector<VolumePoint> points_of(const Subvolume& volume) const;

  // 0 if nothing at all can have changed in `volume` since its newest snapshot, else nullopt. The
  // table must have been read behind a sync of the filesystem: changes that are only in memory
  // are in no tree.
  static std::optional<std::uint64_t> written(const Subvolume& volume,
                                              const std::vector<VolumePoint>& points);

  // Whether a run for `volume` may destroy this one: not if the volume that it was taken of is
  // another one that still exists and has use for it.
  bool may_settle(const Subvolume& volume, const Subvolume& snapshot) const;

 private:
  // It lies where the snapshots of what is at the volume's place belong (snapshot_place.h).
  bool is_kept_for(const Subvolume& volume, const Subvolume& snapshot) const;
  std::vector<const Subvolume*> snapshots_of(const Subvolume& volume) const;

  const SubvolumeTable& table_;
  std::multimap<Guid, const Subvolume*> snapshots_by_parent_;
};

// Percent-encodes '/' and '%', and a first '.', so that any path is one name that is no "." or
// "..".
std::string escape_path(std::string_view path);
// nullopt unless `name` is what escape_path() makes of something.
std::optional<std::string> unescape_path(std::string_view name);

}  // namespace snapferry::btrfs
