#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace snapferry::btrfs {

// When volumes of one host were found unchanged by the runs of one set: by the name of the
// directory of each replica, in seconds since 1970. Kept as one JSON object, {"mnt%2Fhome":
// 1764000000}, in which every byte of a name that is not printable ASCII is percent-encoded once
// more.
using UnchangedNote = std::map<std::string, std::int64_t>;

std::string encode_unchanged(const UnchangedNote& note);
// What cannot be read counts as never written: freshness is then judged by the snapshots alone.
UnchangedNote decode_unchanged(std::string_view text);

}  // namespace snapferry::btrfs
