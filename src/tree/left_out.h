#pragma once

#include "tree/directory_listing.h"

namespace snapferry::tree {

// Whether the open directory `fd` is on a filesystem that is a window into the kernel and holds
// nothing of its own, such as /proc. A failure to find out counts as no.
bool is_pseudo_filesystem(int fd);

// Drops every other name if `listing`, of the open directory `fd`, has a CACHEDIR.TAG as
// https://bford.info/cachedir/ defines it.
void keep_cache_tag_only(int fd, DirectoryListing& listing);

}  // namespace snapferry::tree
