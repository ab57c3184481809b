#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/guid.h"

namespace snapferry::btrfs {

// The snapshots of one replica in which files were found that cannot be read, by their identity:
//
//   DIRECTORY/HOST/VOLUME/.damaged   note := { identity "\n" }   32 hexadecimal digits each
//
// They share the damaged data with whatever is received relative to them, so that they are no base
// any more. Lines that are no identity are passed over.
using DamageNote = std::set<Guid>;

std::string encode_damage(const DamageNote& note);
DamageNote decode_damage(std::string_view text);

// Of the open directory of a replica; `path` names it. An empty one where there is none. Throws as
// read_small_file() does.
DamageNote read_damage(int replica, const std::string& path);
// Replaces it durably; an empty one removes the file. Does nothing where the file has the same
// already. Throws as replace_small_file() does.
void write_damage(int replica, const DamageNote& note, const std::string& path);

}  // namespace snapferry::btrfs
