#pragma once

#include <string>
#include <string_view>

namespace snapferry {

// What a word on the command line names, before it is known to be a volume
// (core/volume_address.h) or a store (core/store_address.h). The one parser of both:
//
//   address := [[USER@]HOST:] KIND ":" NAME      KIND: zfs, btrfs, tree or repo
//            | [[USER@]HOST:] PATH               behind a host absolute
//
// HOST may be an IPv6 address in brackets. NAME may hold the wildcards of VolumePattern.
struct AddressParts {
  std::string remote;  // "root@web1", as ssh takes it; empty: this machine
  std::string kind;    // "zfs", "btrfs", "tree" or "repo"; empty: NAME is a path
  std::string name;    // "tank/home", "/mnt/data/home"

  // Throws InvalidArgument: an empty name, a remote that begins with '-' (ssh would take it as
  // an option) or holds a blank or control character, a relative path on a remote host, a ZFS name
  // with characters that ZFS does not allow, a btrfs name that is not absolute.
  static AddressParts parse(std::string_view text);
};

// Whether `text` is meant as the address of native volumes or of a store of them, though it may be
// malformed. What is not may be a path, whatever colons it holds.
bool is_native_address(std::string_view text);

// "web1" of "root@web1".
std::string host_of_remote(std::string_view remote);

// Whole again: `local`, such as "zfs:tank", behind `remote` if there is one.
std::string address_text(std::string_view remote, std::string_view local);

// Whether parse() would take a part of `path`, one without a kind, for a host or a kind.
bool looks_like_address(std::string_view path);

}  // namespace snapferry
