#pragma once

#include <cstdint>
#include <string_view>

#include "core/bytes.h"
#include "platform/directory_listing.h"

// What a directory is beside a place of files. A failure to find out counts as no.
namespace snapferry::tree {

// ZFS_SUPER_MAGIC of OpenZFS, include/sys/fs/zfs.h.
inline constexpr std::uint32_t kZfsMagic = 0x2fc12fc1;

// Of the filesystem that it is on, as statfs(2) tells it; 0 if that fails.
std::uint32_t filesystem_type(int fd);

// Whether the open directory `fd` is on a filesystem that is a window into the kernel and holds
// nothing of its own, such as /proc.
bool is_pseudo_filesystem(int fd);

// Whether the open directory is on a filesystem that `snapferry mount` shows.
bool is_own_mount(int fd);

// Whether the open directory `fd`, with the names in `listing`, is a store of this program: a
// repository by its config, a store of btrfs snapshots by its identity.
bool is_own_store(int fd, const platform::DirectoryListing& listing);

// The same by the beginning of the file that tells it, of 64 bytes or all that there are: of the
// CACHEDIR.TAG, and of the `config` of a repository.
bool is_cache_tag(ByteView beginning);
bool is_config_of_repository(ByteView beginning);

inline constexpr std::string_view kCacheTag = "CACHEDIR.TAG";

// Whether the open directory `fd` has a CACHEDIR.TAG as https://bford.info/cachedir/ defines it.
bool has_cache_tag(int fd);

}  // namespace snapferry::tree
