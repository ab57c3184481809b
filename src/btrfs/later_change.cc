#include "btrfs/later_change.h"

#include <algorithm>
#include <cstring>

#include <endian.h>
#include <linux/btrfs_tree.h>

#include "btrfs/tree_search.h"

namespace snapferry::btrfs {
namespace {

SubvolumeTime changed_at(ByteView bytes) {
  btrfs_inode_item item{};
  std::memcpy(&item, bytes.data(), std::min(bytes.size(), sizeof item));
  return {static_cast<std::int64_t>(le64toh(item.ctime.sec)), le32toh(item.ctime.nsec)};
}

}  // namespace

bool was_changed_later(int fd, std::string_view subject, const Subvolume& snapshot) {
  bool found = false;
  const SubvolumeTime made = snapshot.made_at();
  const TreeSearch search{.tree = snapshot.id,
                          .first_object = BTRFS_FIRST_FREE_OBJECTID,
                          .last_object = BTRFS_LAST_FREE_OBJECTID,
                          .since = snapshot.made_in() + 1};
  search_tree(fd, subject, search, [&](const TreeItem& item) {
    found = item.type == BTRFS_INODE_ITEM_KEY && changed_at(item.bytes) > made;
    return !found;
  });
  return found;
}

}  // namespace snapferry::btrfs
