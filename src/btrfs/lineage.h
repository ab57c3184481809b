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
//
// Where the volume was taken of a subvolume that lives on, it is a copy, and has a history of its
// own; unless it took the original's place, as a volume does that is rolled back to a copy which
// was made in time: then what was taken of the original before is part of its history. It did if
// those snapshots lie where its own would, guid and place together.
//
// A volume that came by send and receive and was made writable, as old tools and the kernel's ioctl
// do it, lends its received_uuid to every read-only snapshot that others take of it: all have one
// identity and each another content, and a stream of one names that of all. They belong to no
// history; those that we take have an identity of their own (source.cc).
//
// A snapshot that was changed since it was taken belongs to no history: a stream relative to it
// would make the copy another one than the volume.
class Lineage {
 public:
  explicit Lineage(const SubvolumeTable& table);

  // Where a volume stands.
  enum class Standing {
    Anywhere,
    // At the root of a mount, so that what stood there before it had its snapshots inside itself.
    Mounted,
  };

  // Ascending by order, each identity once. A point's name is that of its directory entry; where
  // two have the same (".snapshots/1/snapshot"), that of a snapshot that is not ours is its whole
  // path from the top level with '/' and '%' percent-encoded; a first '.' always is. What would be
  // longer than 255 bytes ends in "~" and its identity.
  std::vector<VolumePoint> points_of(const Subvolume& volume,
                                     Standing standing = Standing::Anywhere) const;

  // 0 if nothing at all can have changed in `volume` since its newest snapshot, else nullopt. The
  // table must have been read behind a sync of the filesystem: changes that are only in memory
  // are in no tree.
  static std::optional<std::uint64_t> written(const Subvolume& volume,
                                              const std::vector<VolumePoint>& points);

  // Whether a run for `volume` may destroy this one: only what is of its own history, and not where
  // another subvolume that lives needs it: the one that it was taken of, or one that was made of
  // it. A copy of it under the same name and guid, such as the origin of a volume that was restored
  // beside this one, is another volume's.
  bool may_settle(const Subvolume& volume, const Subvolume& snapshot) const;

 private:
  // It lies where the snapshots of what is at the volume's place belong (snapshot_place.h).
  // Its identity is that of something else.
  bool is_mistakable(const Subvolume& snapshot) const;
  bool is_kept_for(const Subvolume& volume, const Subvolume& snapshot) const;
  std::vector<const Subvolume*> snapshots_of(const Subvolume& volume, Standing standing) const;
  std::vector<const Subvolume*> taken_before(const Subvolume& volume, const Subvolume& original,
                                             Standing standing) const;

  const SubvolumeTable& table_;
  std::multimap<Guid, const Subvolume*> snapshots_by_parent_;
  std::multimap<Guid, const Subvolume*> copies_by_parent_;  // writable
};

// Percent-encodes '/' and '%', and a first '.', so that any path is one name that is no "." or
// "..".
std::string escape_path(std::string_view path);
// nullopt unless `name` is what escape_path() makes of something.
std::optional<std::string> unescape_path(std::string_view name);

}  // namespace snapferry::btrfs
