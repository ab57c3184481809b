#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/volume.h"

// What a source keeps for its stores, as a listing shows it: the bookmarks of cursors and the
// holds that go with them. A store that never comes back leaves them there, and with them the
// snapshots that they keep from being destroyed.
namespace snapferry::replication {

// The cursor of one set and one store on one volume.
struct Cursor {
  std::string volume;
  std::string set;
  std::string store;        // the first 8 hexadecimal digits of Store::identity()
  std::int64_t time = 0;    // of the newest snapshot that the store is known to have
  std::int64_t behind = 0;  // how much younger the volume's newest own snapshot, of any set, is
  std::vector<Point> bookmarks;
  bool operator==(const Cursor&) const = default;
};

// By volume, set and store, ascending. btrfs has none.
std::vector<Cursor> cursors_of(const std::vector<VolumeState>& source);

// A store that other backups have gone on without.
struct AbsentStore {
  std::string set;
  std::string store;
  std::int64_t time = 0;    // when it was backed up to last
  std::size_t volumes = 0;  // that have a cursor of it
  bool operator==(const AbsentStore&) const = default;
};

inline constexpr std::int64_t kLongAbsence = 30 * 86400;  // seconds

// The stores that have got nothing of these volumes since kLongAbsence before the newest backup
// of any of them, by set and store. Where nothing was backed up since, nobody can tell.
std::vector<AbsentStore> absent_stores(const std::vector<VolumeState>& source);

// What lets go of a cursor of `volume`: its holds, its bookmarks, and the snapshots of its set
// that a run would have destroyed long ago but for the holds. The newest one of the set stays, so
// that a store which comes back after all can mostly go on.
Settlement release_of(const VolumeState& volume, const Cursor& cursor);

}  // namespace snapferry::replication
