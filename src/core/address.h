#pragma once

#include <string>
#include <string_view>

namespace snapferry {

enum class AddressKind { Zfs, Btrfs, Tree, Repository, Path };

// True for kinds with native snapshots, zfs and btrfs.
bool is_native(AddressKind kind);
// "zfs", "btrfs", "tree", "repo" or "path".
std::string_view kind_name(AddressKind kind);

// "[[USER@]HOST:]KIND:NAME", KIND being zfs, btrfs, tree or repo; or "[[USER@]HOST:]PATH" with an
// absolute path behind a host, and any path without one. HOST may be an IPv6 address in brackets.
struct Address {
  std::string remote;  // "root@web1", as ssh takes it; empty: this machine
  AddressKind kind = AddressKind::Path;
  std::string name;  // "tank/home", "/mnt/data/home"; may hold wildcards (VolumePattern)

  bool is_remote() const { return !remote.empty(); }
  // "web1" of "root@web1".
  std::string host() const;
  // "zfs:tank/home"; a Path is its name alone.
  std::string local_text() const;
  // Whole, as parse() takes it.
  std::string text() const;

  // Throws InvalidArgument: an empty name, a remote that begins with '-' (ssh would take it as
  // an option) or holds a blank or control character, a relative path on a remote host, a ZFS name
  // with characters that ZFS does not allow, a btrfs name that is not absolute, an unknown kind
  // (naming the nearest).
  static Address parse(std::string_view text);
};

}  // namespace snapferry
