#pragma once

#include <string>
#include <string_view>

namespace snapferry::wire {

// What may stand in a set's name: letters, digits, '.', ':' and '-', not '-' in front.
bool is_set_name(std::string_view text);
// A name of a host that is also one directory or dataset: as a set's, and '_'; not '.' in front.
bool is_host_name(std::string_view text);

// The one grammar of names in requests, by the kind of what they are of (PROTOCOL.md has it):
//
//   zfs     what zfs_namecheck.c takes: letters, digits, '_', '.', ':', '-' and ' ', parts apart by
//           '/', 255 bytes with the pool; nothing that zfs(8) could take for an option, a snapshot
//           or a list
//   btrfs   what a filesystem takes: any bytes but NUL, parts of 1 to 255 apart by '/', 4095 bytes
//           from the root; each is passed on in a structure or relative to a descriptor, never as a
//           word of a command
//
// No part is "." or "..".

// "zfs:tank/home" or "btrfs:/mnt/data".
bool is_volume_name(std::string_view text);
// What stands behind '@' or '#' of `volume`, or is the name of one directory entry.
bool is_point_name(std::string_view volume, std::string_view text);

// "2026-11-24T05:45:17Z", each digit a digit; "2026-11-24T05:45:17" without `zone`.
bool is_time(std::string_view text, bool zone = true);

// "snapferry_SET_TIME", or as simplesnap names them: "__simplesnap_SET_TIME__".
bool is_snapshot_of_set(std::string_view name, std::string_view set);
// "snapferry_SET_STORE8", the tag of the holds of one set for one store.
bool is_cursor_of_set(std::string_view name, std::string_view set);
// "CURSOR_TIME".
bool is_bookmark_of_cursor(std::string_view name, std::string_view cursor);

// `text` in quotes, for a message: control and other bytes that are not printable ASCII as
// \xHH, and no more than 200 characters.
std::string quoted(std::string_view text);

}  // namespace snapferry::wire
