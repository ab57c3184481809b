#pragma once

#include <string>
#include <string_view>

namespace snapferry::agent {

// What may stand in a set's name: letters, digits, '.', ':' and '-', not '-' in front.
bool is_set_name(std::string_view text);
// A name of a host that is also one directory or dataset: as a set's, and '_'; not '.' in front.
bool is_host_name(std::string_view text);

// "zfs:tank/home" or "btrfs:/mnt/data": a kind that can be sent and a name that its tools take
// for nothing else than a volume: no option, no snapshot, no "..", no control character.
bool is_volume_name(std::string_view text);
// A name behind '@' or '#', or of one directory entry: nothing that leaves its volume.
bool is_point_name(std::string_view text);

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

}  // namespace snapferry::agent
