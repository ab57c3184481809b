#include "tree/left_out.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "core/bytes.h"
#include "platform/fd.h"

namespace snapferry::tree {
namespace {

constexpr std::string_view kCacheTag = "CACHEDIR.TAG";
constexpr std::string_view kCacheTagSignature = "Signature: 8a477f597d28d172789f06886806bc55";

// Windows into the kernel, which hold nothing of their own. MQUEUE_MAGIC,
// FUSE_CTL_SUPER_MAGIC and CONFIGFS_MAGIC are private to ipc/mqueue.c, fs/fuse/control.c
// and fs/configfs/mount.c.
constexpr auto kPseudoFilesystems = std::to_array<std::uint32_t>(
    {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
     DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, 0x62656570 /* configfs */,
     0x65735543 /* fusectl */, 0x19800202 /* mqueue */, PSTOREFS_MAGIC, EFIVARFS_MAGIC,
     HUGETLBFS_MAGIC, AUTOFS_SUPER_MAGIC, NSFS_MAGIC});

bool is_cache_tag(int directory) {
  const platform::Fd file(::openat(directory, kCacheTag.data(),
                                   O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return false;
  std::array<std::uint8_t, kCacheTagSignature.size()> start;
  const ssize_t size = ::read(file.get(), start.data(), start.size());
  return size == static_cast<ssize_t>(start.size()) && as_text(start) == kCacheTagSignature;
}

}  // namespace

bool is_pseudo_filesystem(int fd) {
  struct statfs info;
  if (::fstatfs(fd, &info) != 0) return false;
  return std::find(kPseudoFilesystems.begin(), kPseudoFilesystems.end(),
                   static_cast<std::uint32_t>(info.f_type)) != kPseudoFilesystems.end();
}

bool is_skipped(const BackupOptions& options, std::uint64_t device, std::uint64_t inode) {
  return std::ranges::find(options.skip, std::pair(device, inode)) != options.skip.end();
}

void keep_cache_tag_only(int fd, platform::DirectoryListing& listing) {
  if (listing.find(kCacheTag) < listing.size() && is_cache_tag(fd)) listing.keep_only(kCacheTag);
}

}  // namespace snapferry::tree
