#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/guid.h"

namespace snapferry::btrfs {

struct FoundUnchanged {
  std::int64_t time = 0;  // seconds since 1970
  Guid since;             // the newest snapshot then; the note counts while it still is that
  bool operator==(const FoundUnchanged&) const = default;
};

// When volumes of one host were found unchanged by the runs of one set: by the name of the
// directory of each replica. Kept as one JSON object, {"mnt%2Fhome": [1764000000, "GUID"]}, the
// guid in hexadecimal, in which every byte of a name that is not printable ASCII is percent-encoded
// once more. (A number alone, as an earlier program had it, counts for nothing: it does not say
// since when.)
using UnchangedNote = std::map<std::string, FoundUnchanged>;

std::string encode_unchanged(const UnchangedNote& note);
// What cannot be read counts as never written: freshness is then judged by the snapshots alone.
UnchangedNote decode_unchanged(std::string_view text);

}  // namespace snapferry::btrfs
