#include "tree/filesystem_traits.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "tree/directory_kinds.h"

namespace snapferry::tree {
namespace {

// statfs(2). Those of JFS, ZFS and bcachefs are private to their modules.
constexpr auto kLocalFilesystems = std::to_array<std::uint32_t>(
    {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC,
     RAMFS_MAGIC, OVERLAYFS_SUPER_MAGIC, MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC, ISOFS_SUPER_MAGIC,
     SQUASHFS_MAGIC, REISERFS_SUPER_MAGIC, NILFS_SUPER_MAGIC, UDF_SUPER_MAGIC, EROFS_SUPER_MAGIC_V1,
     0x3153464a, 0x2fc12fc1, 0xca451a4e});

}  // namespace

FilesystemTraits traits_of_filesystem(int fd) {
  FilesystemTraits traits;
  struct statfs info;
  if (::fstatfs(fd, &info) != 0) return traits;
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  traits.is_pseudo = is_pseudo_filesystem(fd);
  traits.is_local = std::ranges::find(kLocalFilesystems, magic) != kLocalFilesystems.end();
  return traits;
}

}  // namespace snapferry::tree
