#include "btrfs/subvolume_table.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include "core/bytes.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kBufferSize = 1u << 20;
constexpr int kDeepest = 256;  // nested subvolumes; a path has no room for more

template <typename Item>
Item load(ByteView bytes) {
  Item item{};
  std::memcpy(&item, bytes.data(), std::min(bytes.size(), sizeof item));
  return item;
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
  subvolume.otime = static_cast<std::int64_t>(le64toh(item.otime.sec));
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

// Calls `use(header, bytes)` for each item of the tree of roots from the first volume on.
template <typename Use>
void for_each_root_item(int fd, std::string_view subject, Use use) {
  Bytes buffer(sizeof(btrfs_ioctl_search_args_v2) + kBufferSize);
  auto* arguments = reinterpret_cast<btrfs_ioctl_search_args_v2*>(buffer.data());
  auto& key = arguments->key;
  key.tree_id = BTRFS_ROOT_TREE_OBJECTID;
  key.min_objectid = BTRFS_FS_TREE_OBJECTID;
  key.max_objectid = BTRFS_LAST_FREE_OBJECTID;
  key.max_type = BTRFS_ROOT_BACKREF_KEY;
  key.max_offset = key.max_transid = ~std::uint64_t{0};
  while (true) {
    key.nr_items = ~std::uint32_t{0};
    arguments->buf_size = kBufferSize;
    if (::ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, arguments) < 0) {
      throw system_error(errno, "list its subvolumes", subject);
    }
    if (key.nr_items == 0) return;
    const ByteView found(buffer.data() + sizeof *arguments, kBufferSize);
    btrfs_ioctl_search_header header{};
    std::size_t position = 0;
    for (std::uint32_t i = 0; i < key.nr_items; ++i) {
      header = load<btrfs_ioctl_search_header>(found.subspan(position, sizeof header));
      use(header, found.subspan(position + sizeof header, header.len));
      position += sizeof header + header.len;
    }
    key.min_objectid = header.objectid;
    key.min_type = header.type;
    key.min_offset = header.offset + 1;
    if (key.min_offset == 0 && ++key.min_type == 0) ++key.min_objectid;
  }
}

}  // namespace

SubvolumeTable::SubvolumeTable(int fd, std::string_view subject) : fd_(fd), subject_(subject) {
  read_roots();
  // Without a name it is being deleted.
  std::erase_if(all_, [](const Subvolume& subvolume) {
    return subvolume.name.empty() && subvolume.id != BTRFS_FS_TREE_OBJECTID;
  });
  for (std::size_t i = 0; i < all_.size(); ++i) {
    by_id_[all_[i].id] = i;
    if (!all_[i].uuid.is_zero()) by_uuid_[all_[i].uuid] = i;
    if (all_[i].read_only) by_identity_.emplace(all_[i].identity(), i);
  }
}

void SubvolumeTable::read_roots() {
  for_each_root_item(fd_, subject_, [this](const btrfs_ioctl_search_header& header, ByteView item) {
    if (!is_volume_id(header.objectid)) return;
    if (header.type != BTRFS_ROOT_ITEM_KEY && header.type != BTRFS_ROOT_BACKREF_KEY) return;
    if (all_.empty() || all_.back().id != header.objectid) {
      all_.emplace_back();
      all_.back().id = header.objectid;
    }
    if (header.type == BTRFS_ROOT_ITEM_KEY) {
      fill(all_.back(), item);
    } else {
      fill_name(all_.back(), header.offset, item);
    }
  });
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
