#pragma once

#include <string>
#include <string_view>

#include "core/address_parts.h"
#include "core/volume_kind.h"

namespace snapferry {

// What is backed up, or restored to: volumes on a machine, as in "root@web1:zfs:tank/home",
// "btrfs:/home" or "web1:/etc". core/address_parts.h has the grammar.
struct VolumeAddress {
  std::string remote = {};  // "root@web1", as ssh takes it; empty: this machine
  VolumeKind kind = VolumeKind::Tree;
  std::string name = {};  // "tank/home", "/home"; may hold wildcards (VolumePattern)

  bool is_remote() const { return !remote.empty(); }
  // "web1" of "root@web1".
  std::string host() const { return host_of_remote(remote); }
  // As its own machine calls it: "zfs:tank/home"; a tree is its path alone.
  std::string local_text() const;
  // Whole, as parse() takes it.
  std::string text() const { return address_text(remote, local_text()); }

  // Throws InvalidArgument for what is no address, or that of a repository.
  static VolumeAddress parse(std::string_view text);
  static VolumeAddress of(AddressParts parts);
};

// True for kinds with native snapshots, zfs and btrfs.
inline bool is_native(VolumeKind kind) { return kind != VolumeKind::Tree; }

}  // namespace snapferry
