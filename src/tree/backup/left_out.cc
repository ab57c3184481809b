#include "tree/backup/left_out.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/tree_node.h"
#include "platform/fd.h"
#include "platform/metadata.h"
#include "platform/xattr_at.h"
#include "tree/change_detection.h"
#include "tree/directory_kinds.h"

namespace snapferry::tree {
namespace {

constexpr std::uint64_t kSubvolumeInode = 256;  // BTRFS_FIRST_FREE_OBJECTID, linux/btrfs_tree.h
constexpr std::uint64_t kZfsControlInode = 0xffffffffffff;  // ZFSCTL_INO_ROOT of OpenZFS

bool is_directory_at(int fd, const char* name, struct stat& stat) {
  return ::fstatat(fd, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode);
}

EntryType type_of_listing(std::uint8_t type) {
  switch (type) {
    case DT_DIR:
      return EntryType::Directory;
    case DT_LNK:
      return EntryType::Symlink;
    case DT_FIFO:
      return EntryType::Fifo;
    case DT_SOCK:
      return EntryType::Socket;
    case DT_CHR:
      return EntryType::CharacterDevice;
    case DT_BLK:
      return EntryType::BlockDevice;
    default:
      return EntryType::File;
  }
}

}  // namespace

bool is_skipped(const BackupOptions& options, std::uint64_t device, std::uint64_t inode) {
  return std::ranges::find(options.skip, std::pair(device, inode)) != options.skip.end();
}

bool was_mount_point(ByteView base_entry) {
  FixedEntry fixed;
  std::memcpy(&fixed, base_entry.data(), sizeof fixed);
  if (fixed.type != static_cast<std::uint8_t>(EntryType::Directory)) return false;
  if ((fixed.flags & kEntryLeftOut) == 0) return fixed.device == kMountPointDevice;
  return decode_entry(base_entry).left_out == LeftOut::OtherFilesystem;
}

bool is_own_snapshots(int directory, std::string_view name) {
  if (name != ".snapferry" && name != ".zfs") return false;
  struct stat stat;
  if (!is_directory_at(directory, std::string(name).c_str(), stat)) return false;
  if (name == ".zfs") {
    return stat.st_ino == kZfsControlInode && filesystem_type(directory) == kZfsMagic;
  }
  return stat.st_ino == kSubvolumeInode && (stat.st_mode & 07777) == 0700 &&
         filesystem_type(directory) == BTRFS_SUPER_MAGIC;
}

std::optional<Entry> left_out_entry(const EntryPlace& place, std::uint8_t type, LeftOut reason) {
  Entry entry;
  entry.name = place.name;
  entry.type = type_of_listing(type);
  entry.name_only = true;
  if (reason != LeftOut::Excluded && reason != LeftOut::Cache) {
    try {
      entry = platform::entry_from_statx(place.in.look(place.text, Ask::Remembered), place.name);
    } catch (const Error& error) {
      if (error.system_error() == ENOENT) return std::nullopt;
    }
  }
  entry.left_out = reason;
  return entry;
}

}  // namespace snapferry::tree
