#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address_parts.h"
#include "core/volume_address.h"
#include "core/volume_kind.h"

namespace snapferry {

enum class StoreKind : std::uint8_t {
  Zfs,         // native snapshots below a dataset
  Btrfs,       // native snapshots in a directory
  Repository,  // trees, in a directory of this machine
};

// "zfs", "btrfs" or "repo".
std::string_view kind_name(StoreKind kind);

// The kind of the volumes whose native snapshots it keeps; nullopt for a repository.
std::optional<VolumeKind> native_kind_of(StoreKind kind);

// Where backups are kept:
//
//   store := [[USER@]HOST:] ( "zfs:" DATASET | "btrfs:" DIR )
//          | [ "repo:" ] DIR
//
// A DIR without a kind has no colon before its first slash: what has is kept for hosts and URLs.
struct StoreAddress {
  std::string remote = {};  // "root@nas", as ssh takes it; empty: this machine
  StoreKind kind = StoreKind::Repository;
  std::string name = {};  // "backup/snapferry", "/srv/backups"; a repository's as it was given

  bool is_remote() const { return !remote.empty(); }
  bool is_native() const { return kind != StoreKind::Repository; }
  // "nas" of "root@nas".
  std::string host() const { return host_of_remote(remote); }
  // As its own machine calls it: "zfs:backup/snapferry", "repo:/srv/backups".
  std::string local_text() const;
  // Whole, as parse() takes it.
  std::string text() const { return address_text(remote, local_text()); }

  // Throws Unsupported for a repository that is no directory of this machine, InvalidArgument for
  // what is empty or malformed.
  static StoreAddress parse(std::string_view text);

  // The store at the place that `volume` names. Of native ones alone.
  static StoreAddress at(const VolumeAddress& volume);
};

}  // namespace snapferry
