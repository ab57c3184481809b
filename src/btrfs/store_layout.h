#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "btrfs/private_directory.h"
#include "core/snapshot.h"

namespace snapferry::btrfs {

// Where what is in a store:
//
//   DIRECTORY/.snapferry-store            the identity of the store, 32 hexadecimal digits
//   DIRECTORY/HOST/.unchanged-SET.json    when a run of SET found which volumes unchanged
//   DIRECTORY/HOST/.expected              what never arrived, and what is retired (expected_note.h)
//   DIRECTORY/HOST/VOLUME/NAME            a snapshot: a received, read-only subvolume
//   DIRECTORY/HOST/VOLUME/.partial        a receive that is under way, or was interrupted
//   DIRECTORY/HOST/VOLUME/.damaged        snapshots with files that cannot be read (damage_note.h)
//
//   DIRECTORY/HOST/VOLUME/.place          the path of a volume with a long one (place_note.h)
//
// All directories are of mode 0700. HOST and VOLUME (the path without its first slash; "/" itself
// alone is "%2F") have '/', '%' and a first '.' percent-encoded. What would then be longer than 255
// bytes, the most that a name may have, is
//
//   VOLUME := "%~" HASH "~" TAIL    HASH: BLAKE2b-256 of the encoded path, in 64 hexadecimal digits
//                                   TAIL: the end of the encoded path, for people to read
//
// which no encoded path begins with, so that a version that does not know it passes it over.
struct StoreLayout {
  static constexpr const char* kIdentityName = ".snapferry-store";
  static constexpr const char* kExpectedName = ".expected";
  static constexpr const char* kDamageName = ".damaged";
  static constexpr const char* kPlaceName = ".place";

  // Without slashes at the end. Throws InvalidArgument for what is no absolute path.
  static std::string directory_of(std::string path);
  // Throws InvalidArgument for one whose name would be longer than 255 bytes.
  static std::string host_name(const std::string& host);
  // Throws InvalidArgument if `volume` is not one of btrfs.
  static std::string volume_name(const VolumeName& volume);
  // The name does not hold the volume's path, and the note beside its snapshots does.
  static bool is_long(std::string_view name) { return name.starts_with("%~"); }
  // nullopt for a directory that is not one of ours; volume_of() also for a long name.
  static std::optional<std::string> host_of(const std::string& name);
  static std::optional<VolumeName> volume_of(const std::string& host, const std::string& name);
  // Says something of the snapshots beside it, and goes with the last of them; or is what would
  // have replaced such a note.
  static bool is_note(std::string_view name) {
    name = name.substr(0, name.find(kReplacementMark));
    return name == kDamageName || name == kPlaceName;
  }
  static std::string unchanged_name(const std::string& set);
  static std::optional<std::string> set_of_unchanged(const std::string& name);
};

// Whether `path` is DIRECTORY/HOST/VOLUME/NAME of some store.
bool is_store_replica(const std::string& path);

}  // namespace snapferry::btrfs
