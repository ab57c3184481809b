#include "btrfs/subvolume_table.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include "btrfs/later_change.h"
#include "btrfs/tree_search.h"
#include "core/bytes.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr int kDeepest = 256;  // nested subvolumes; a path has no room for more

template <typename Item>
Item load(ByteView bytes) {
  Item item{};
  std::memcpy(&item, bytes.data(), std::min(bytes.size(), sizeof item));
  return item;
}

SubvolumeTime time_of(const btrfs_timespec& time) {
  return {static_cast<std::int64_t>(le64toh(time.sec)), le32toh(time.nsec)};
}

// An item shorter than the struct was written by a kernel that knew no uuids, as was one whose
// two generations differ; what is behind generation_v2 does not count then.
void fill(Subvolume& subvolume, ByteView bytes) {
  const auto item = load<btrfs_root_item>(bytes);
  subvolume.generation = le64toh(item.generation);
  subvolume.read_only = (le64toh(item.flags) & BTRFS_ROOT_SUBVOL_RDONLY) != 0;
  if (bytes.size() < sizeof item || item.generation != item.generation_v2) return;
  subvolume.uuid = Guid::from_bytes(item.uuid);
  subvolume.parent_uuid = Guid::from_bytes(item.parent_uuid);
  subvolume.received_uuid = Guid::from_bytes(item.received_uuid);
  subvolume.ctransid = le64toh(item.ctransid);
  subvolume.otransid = le64toh(item.otransid);
  subvolume.rtransid = le64toh(item.rtransid);
  subvolume.otime = time_of(item.otime);
  subvolume.rtime = time_of(item.rtime);
  subvolume.stime = time_of(item.stime);
}

void fill_name(Subvolume& subvolume, std::uint64_t parent, ByteView bytes) {
  if (bytes.size() < sizeof(btrfs_root_ref)) return;
  const auto reference = load<btrfs_root_ref>(bytes);
  const auto name = bytes.subspan(sizeof reference);
  subvolume.parent_id = parent;
  subvolume.directory = le64toh(reference.dirid);
  subvolume.name =
      as_text(name.first(std::min<std::size_t>(name.size(), le16toh(reference.name_len))));
}

bool is_volume_id(std::uint64_t id) {
  return id == BTRFS_FS_TREE_OBJECTID ||
         (id >= BTRFS_FIRST_FREE_OBJECTID && id <= BTRFS_LAST_FREE_OBJECTID);
}

}  // namespace

SubvolumeTable::SubvolumeTable(int fd, std::string_view subject) : fd_(fd), subject_(subject) {
  read_roots();
  // Without a name it is being deleted.
  std::erase_if(all_, [](const Subvolume& subvolume) {
    return subvolume.name.empty() && subvolume.id != BTRFS_FS_TREE_OBJECTID;
  });
  look_for_changes();
  for (std::size_t i = 0; i < all_.size(); ++i) {
    by_id_[all_[i].id] = i;
    if (!all_[i].uuid.is_zero()) by_uuid_[all_[i].uuid] = i;
    if (all_[i].read_only) by_identity_.emplace(all_[i].identity(), i);
  }
}

void SubvolumeTable::read_roots() {
  const TreeSearch search{.tree = BTRFS_ROOT_TREE_OBJECTID,
                          .first_object = BTRFS_FS_TREE_OBJECTID,
                          .last_object = BTRFS_LAST_FREE_OBJECTID,
                          .last_type = BTRFS_ROOT_BACKREF_KEY};
  search_tree(fd_, subject_, search, [this](const TreeItem& item) {
    if (!is_volume_id(item.object)) return true;
    if (item.type != BTRFS_ROOT_ITEM_KEY && item.type != BTRFS_ROOT_BACKREF_KEY) return true;
    if (all_.empty() || all_.back().id != item.object) {
      all_.emplace_back();
      all_.back().id = item.object;
    }
    if (item.type == BTRFS_ROOT_ITEM_KEY) {
      fill(all_.back(), item.bytes);
    } else {
      fill_name(all_.back(), item.offset, item.bytes);
    }
    return true;
  });
}

void SubvolumeTable::look_for_changes() {
  for (Subvolume& subvolume : all_) {
    if (!subvolume.may_have_changed()) continue;
    try {
      subvolume.was_changed = was_changed_later(fd_, subject_, subvolume);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
      subvolume.was_changed = true;  // it has just been destroyed
    }
  }
}

const Subvolume* SubvolumeTable::find(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &all_[found->second];
}

const Subvolume* SubvolumeTable::find_by_uuid(const Guid& uuid) const {
  const auto found = by_uuid_.find(uuid);
  return found == by_uuid_.end() ? nullptr : &all_[found->second];
}

std::vector<const Subvolume*> SubvolumeTable::snapshots(const Guid& identity) const {
  std::vector<const Subvolume*> found;
  const auto [first, last] = by_identity_.equal_range(identity);
  for (auto at = first; at != last; ++at) found.push_back(&all_[at->second]);
  return found;
}

bool SubvolumeTable::directory_path(std::uint64_t tree, std::uint64_t inode,
                                    std::string& path) const {
  if (inode == BTRFS_FIRST_FREE_OBJECTID) return true;
  const auto known = directories_.find({tree, inode});
  if (known != directories_.end()) {
    path = known->second;
    return true;
  }
  btrfs_ioctl_ino_lookup_args lookup{};
  lookup.treeid = tree;
  lookup.objectid = inode;
  if (::ioctl(fd_, BTRFS_IOC_INO_LOOKUP, &lookup) < 0) {
    if (errno == ENOENT) return false;
    throw system_error(errno, "look up a directory", subject_);
  }
  path = lookup.name;  // ends in a slash
  directories_[{tree, inode}] = path;
  return true;
}

bool SubvolumeTable::path_of(const Subvolume& subvolume, std::string& path) const {
  path.clear();
  const Subvolume* at = &subvolume;
  for (int depth = 0; at->id != BTRFS_FS_TREE_OBJECTID; ++depth) {
    std::string directory;
    if (depth > kDeepest || !directory_path(at->parent_id, at->directory, directory)) return false;
    path = directory + at->name + (path.empty() ? "" : "/") + path;
    at = find(at->parent_id);
    if (at == nullptr) return false;
  }
  return true;
}

}  // namespace snapferry::btrfs
