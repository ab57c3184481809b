#include "btrfs/tree_search.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kSearchSize = 1u << 20;

btrfs_ioctl_search_header header_at(ByteView bytes) {
  btrfs_ioctl_search_header header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

void search_tree(int fd, std::string_view subject, const TreeSearch& search,
                 const std::function<bool(const TreeItem&)>& use) {
  Bytes buffer(sizeof(btrfs_ioctl_search_args_v2) + kSearchSize);
  auto* arguments = reinterpret_cast<btrfs_ioctl_search_args_v2*>(buffer.data());
  auto& key = arguments->key;
  key.tree_id = search.tree;
  key.min_objectid = search.first_object;
  key.max_objectid = search.last_object;
  key.max_type = search.last_type;
  key.max_offset = key.max_transid = ~std::uint64_t{0};
  key.min_transid = search.since;
  while (true) {
    key.nr_items = ~std::uint32_t{0};
    arguments->buf_size = kSearchSize;
    if (::ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, arguments) < 0) {
      throw system_error(errno, "search its trees", subject);
    }
    if (key.nr_items == 0) return;
    const ByteView found(buffer.data() + sizeof *arguments, kSearchSize);
    btrfs_ioctl_search_header header{};
    std::size_t position = 0;
    for (std::uint32_t i = 0; i < key.nr_items; ++i) {
      header = header_at(found.subspan(position, sizeof header));
      position += sizeof header;
      const TreeItem item{header.objectid, header.type, header.offset,
                          found.subspan(position, header.len)};
      if (!use(item)) return;
      position += header.len;
    }
    key.min_objectid = header.objectid;
    key.min_type = header.type;
    key.min_offset = header.offset + 1;
    if (key.min_offset == 0 && ++key.min_type == 0) ++key.min_objectid;
  }
}

}  // namespace snapferry::btrfs
