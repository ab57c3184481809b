#include "btrfs/later_change.h"

#include <algorithm>
#include <cstring>
#include <ctime>

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

SubvolumeTime clock_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
}

}  // namespace

bool tells_of_change(const SubvolumeTime& changed, const Subvolume& snapshot,
                     const SubvolumeTime& now) {
  const bool was_ahead = snapshot.made_at() > now;
  return changed > snapshot.made_at() || (was_ahead && changed < snapshot.otime);
}

bool was_changed_later(int fd, std::string_view subject, const Subvolume& snapshot) {
  bool found = false;
  const SubvolumeTime now = clock_now();
  const TreeSearch search{.tree = snapshot.id,
                          .first_object = BTRFS_FIRST_FREE_OBJECTID,
                          .last_object = BTRFS_LAST_FREE_OBJECTID,
                          .since = snapshot.made_in() + 1};
  search_tree(fd, subject, search, [&](const TreeItem& item) {
    found =
        item.type == BTRFS_INODE_ITEM_KEY && tells_of_change(changed_at(item.bytes), snapshot, now);
    return !found;
  });
  return found;
}

}  // namespace snapferry::btrfs
