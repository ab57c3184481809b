#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "btrfs/damage_note.h"
#include "btrfs/subvolume.h"
#include "core/snapshot.h"
#include "core/volume.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// What lies beside the snapshots begins with a dot.
bool is_snapshot_name(std::string_view name);

inline constexpr const char* kWasDamaged = "was found damaged by verify";

// What a snapshot of a replica is no longer as it was received; empty: it is.
std::string what_was_changed(const Subvolume& subvolume);

// The open directory of one replica: its snapshots, and the notes beside them (store_layout.h).
struct ReplicaDirectory {
  platform::Fd host;
  platform::Fd directory;  // invalid if there is none
  std::string name;        // in `host`
  std::string path;

  // Held until the directory is closed.
  void lock() const;
  // Invalid if it is not there.
  platform::Fd open_snapshot(const std::string& snapshot, Subvolume& state) const;
  // For what is relative to it.
  platform::Fd open_base(const Point& point) const;
  // By its name, else by its identity alone. Throws NotFound.
  platform::Fd open(const Point& point) const;
  // Where a directory `called` so has no room for the path.
  void note_place(const std::vector<std::string>& volumes, const std::string& called) const;
  // Of snapshots that were not read it stays as it was.
  void note_damage(DamageNote damaged, const DamageNote& sound) const;
  bool holds_snapshots() const;
  // Durably; of the same host. False if there is something of the new name, and nothing was done.
  bool rename(const VolumeName& from, const VolumeName& to) const;
  // A directory that holds anything but notes stays, and one in which somebody is receiving.
  void remove_if_empty() const;
};

}  // namespace snapferry::btrfs
