#pragma once

#include <string>
#include <vector>

#include <sys/stat.h>

#include "core/entry.h"

namespace snapferry::platform {

// The type, mode, owner, times, inode, size and device of what `stat` describes;
// link_device where it has more links than one and is no directory.
Entry entry_from_statx(const struct statx& stat, std::string_view name);

// All extended attributes, sorted by name, of an open file (O_PATH too). Filesystems without
// them give none. Throws as system_error.
std::vector<ExtendedAttribute> read_xattrs(int fd, std::string_view subject);

// The same of `name` in `directory` when it cannot be opened (symlinks, devices,
// FIFOs, sockets), by way of /proc/self/fd: never follows a symlink. With AT_FDCWD `name`
// is a path.
std::vector<ExtendedAttribute> read_xattrs_at(int directory, const char* name,
                                              std::string_view subject);

// The target of the symlink `name` in `directory`.
std::string read_symlink_at(int directory, const char* name, std::string_view subject);

}  // namespace snapferry::platform
