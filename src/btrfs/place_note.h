#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::btrfs {

// Which volume a replica is of, where the name of its directory has no room for that:
//
//   DIRECTORY/HOST/VOLUME/.place   note := { volume NUL }   "btrfs:/mnt/…"
//
// It is the one that the directory is named after (StoreLayout::volume_name), and the others say
// nothing: a replica that is renamed has both for a moment, so that it is never without.

// Of the open directory of the replica `name` of `host`; `path` names it in messages. nullopt where
// the note has no volume of that name. Throws as read_small_file() does.
std::optional<std::string> read_place(int replica, const std::string& host, const std::string& name,
                                      const std::string& path);
// Replaces it durably, unless it is the same already. Throws as replace_small_file() does.
void write_place(int replica, const std::vector<std::string>& volumes, const std::string& path);

}  // namespace snapferry::btrfs
