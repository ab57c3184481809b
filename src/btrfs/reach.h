#pragma once

#include <string>
#include <vector>

#include "core/reach.h"

namespace snapferry::btrfs {

// What the ends of this room open, by which an agent contains itself. Looks at the mounts of this
// machine and at what is there now; makes nothing.

// A source of what `patterns` ("btrfs:/home", "btrfs:/mnt/**") cover: lists below the mounts of
// their filesystems, where snapshots may lie anywhere and which BTRFS_IOC_TREE_SEARCH shows anyway;
// makes directories where the snapshots of each volume belong (snapshot_place.h). No file.
std::vector<ReachedPath> reach_of_source(const std::vector<std::string>& patterns);

// A store: its identity, and everything of one host. Nothing of another host can even be opened.
std::vector<ReachedPath> reach_of_store(const std::string& directory, const std::string& host);

// A target of volumes that `patterns` cover: where the snapshots of each one that is not there yet
// belong. Of a pattern with wildcards everything below it.
std::vector<ReachedPath> reach_of_target(const std::vector<std::string>& patterns);

}  // namespace snapferry::btrfs
