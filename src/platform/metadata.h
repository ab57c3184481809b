#pragma once

#include <string>
#include <vector>

#include <sys/stat.h>

#include "core/entry.h"

namespace snapferry::platform {

// The type, mode, owner, times, inode, size and device of what `stat` describes;
// link_device where it has more links than one and is no directory.
Entry entry_from_statx(const struct statx& stat, std::string_view name);

// The extended attributes of a file.
struct ReadXattrs {
  std::vector<ExtendedAttribute> xattrs;  // sorted by name
  // Why others are not among them, for a message; empty: these are all. A file can have more than
  // listxattr(2) can tell (64 KiB of names; then those that the system knows by name are here), and
  // any of them can fail alone.
  std::string problem;
};

// Of an open file, not one with O_PATH. Filesystems without attributes give none. Throws as
// system_error only if the file itself is not there.
ReadXattrs read_xattrs(int fd, std::string_view subject);

// The same of `name` in `directory` when it cannot be opened (symlinks, devices, FIFOs, sockets;
// xattr_at.h): never follows a symlink. With AT_FDCWD `name` is a path.
ReadXattrs read_xattrs_at(int directory, const char* name, std::string_view subject);

// The target of the symlink `name` in `directory`.
std::string read_symlink_at(int directory, const char* name, std::string_view subject);

}  // namespace snapferry::platform
