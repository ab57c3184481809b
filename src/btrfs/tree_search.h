#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/bytes.h"

namespace snapferry::btrfs {

// What to look for in one tree of a btrfs.
struct TreeSearch {
  std::uint64_t tree = 0;          // BTRFS_ROOT_TREE_OBJECTID, or the id of a subvolume
  std::uint64_t first_object = 0;  // objectids from this one on
  std::uint64_t last_object = ~std::uint64_t{0};
  std::uint8_t last_type = 255;  // of `last_object`
  // Leaves that no transaction since this one has written are passed over.
  std::uint64_t since = 0;
};

struct TreeItem {
  std::uint64_t object = 0;
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
  ByteView bytes;  // until `use` returns
};

// Calls `use` for each item, ascending, until it returns false (BTRFS_IOC_TREE_SEARCH_V2, which
// needs root). `fd` is any file of the filesystem. Throws PermissionDenied, Unavailable.
void search_tree(int fd, std::string_view subject, const TreeSearch& search,
                 const std::function<bool(const TreeItem&)>& use);

}  // namespace snapferry::btrfs
