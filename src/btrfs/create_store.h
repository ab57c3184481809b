#pragma once

#include <string>

namespace snapferry::btrfs {

// Makes `path`, an absolute one, a store, of mode 0700, with an identity of its own. Nothing
// else makes one, so that no backup lands below the mount point of a disk that is missing. Its
// parent must be there. Throws AlreadyExists if it is a store, Conflict if anything else is there,
// NotFound, Unsupported where there is no btrfs.
void create_store(const std::string& path);

}  // namespace snapferry::btrfs
