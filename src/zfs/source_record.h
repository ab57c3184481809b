#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/volume_properties.h"

namespace snapferry::zfs {

// What a volume was at its source beside its files (core/volume_properties.h), as user properties
// of its replica keep it:
//
//   snapferry:source    := HASH "." PARTS          16 hexadecimal digits, decimal; what changes
//   with
//                                                  the record, so that one column of a listing
//                                                  tells
//   snapferry:source.0… := text, cut into PARTS parts of kPartSize bytes
//   text  := entry (" " entry)*                    ascending by name
//   entry := NAME "=" VALUE                        each byte of them that is not printable, or is
//                                                  ' ', '%' or '=', as "%" and two hexadecimal
//                                                  digits
//   HASH  := FNV-1a, 64 bits, of the volume's name, a NUL and text
//
// The record of the dataset itself is that of its newest snapshots. Before another one takes its
// place, the snapshot that was newest until then gets the old one; so what holds for a snapshot is
// the record of the first one, from itself on, that has one of its own, or else of the dataset.
// One process sets it, and a listing pays for two properties, whatever a volume has.
//
// None of it does anything where it stands: native properties are written into a value here.
class SourceRecord {
 public:
  static constexpr std::size_t kParts = 8;
  static constexpr std::size_t kPartSize = 8000;  // a value has less than 8192 bytes
  static constexpr const char* kHashProperty = "snapferry:source";
  // In place of the user properties where all together are too large.
  static constexpr const char* kIncomplete = "snapferry:incomplete";

  // `volume` as in "zfs:tank/home": a record that is only inherited is another volume's.
  SourceRecord(const std::string& volume, const VolumeProperties& properties);

  // The names of all properties that there may be.
  static std::vector<std::string> property_names();
  // From their values, by name; nullopt where there is none, or not a whole one.
  static std::optional<VolumeProperties> parse(const std::string& volume,
                                               const std::map<std::string, std::string>& values);

  // The value of kHashProperty.
  const std::string& hash() const { return hash_; }
  // "snapferry:source=…", ….
  std::vector<std::string> assignments() const;

 private:
  std::string hash_;
  std::vector<std::string> parts_;
};

}  // namespace snapferry::zfs
