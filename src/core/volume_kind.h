#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace snapferry {

// What is frozen and sent as one.
enum class VolumeKind : std::uint8_t {
  Zfs,    // a dataset, with native snapshots
  Btrfs,  // a subvolume, with native snapshots
  Tree,   // a directory or a single file
};

// "zfs", "btrfs" or "tree".
std::string_view kind_name(VolumeKind kind);

// Zfs or Btrfs by its name; nullopt for every other word.
std::optional<VolumeKind> find_native_kind(std::string_view word);

// A volume as its own machine calls it (VolumeState::name), a pattern of such names, or the place
// of a store, in two parts: "zfs:tank/home" is "zfs" and "tank/home". Views into what was split.
struct LocalName {
  std::string_view kind;
  std::string_view name;
};

// At the first colon; without a colon all of it is the kind.
LocalName split_local_name(std::string_view local);

// Of "zfs:tank/home" and "btrfs:/home"; nullopt for a tree ("/home"), a stream ("stdin:NAME") and
// what is none of these.
std::optional<VolumeKind> native_kind_of(std::string_view local);

}  // namespace snapferry
