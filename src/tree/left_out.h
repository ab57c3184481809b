#pragma once

#include <cstdint>

#include "platform/directory_listing.h"
#include "tree/backup.h"

namespace snapferry::tree {

// Whether the open directory `fd` is on a filesystem that is a window into the kernel and holds
// nothing of its own, such as /proc. A failure to find out counts as no.
bool is_pseudo_filesystem(int fd);

// Whether `options` say never to enter the directory.
bool is_skipped(const BackupOptions& options, std::uint64_t device, std::uint64_t inode);

// Drops every other name if `listing`, of the open directory `fd`, has a CACHEDIR.TAG as
// https://bford.info/cachedir/ defines it.
void keep_cache_tag_only(int fd, platform::DirectoryListing& listing);

}  // namespace snapferry::tree
