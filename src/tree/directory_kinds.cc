#include "tree/directory_kinds.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/bytes.h"
#include "platform/fd.h"
#include "platform/xattr_at.h"

namespace snapferry::tree {
namespace {

constexpr std::string_view kCacheTagSignature = "Signature: 8a477f597d28d172789f06886806bc55";

// Windows into the kernel, which hold nothing of their own. MQUEUE_MAGIC,
// FUSE_CTL_SUPER_MAGIC and CONFIGFS_MAGIC are private to ipc/mqueue.c, fs/fuse/control.c
// and fs/configfs/mount.c.
constexpr auto kPseudoFilesystems = std::to_array<std::uint32_t>(
    {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
     DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, 0x62656570 /* configfs */,
     0x65735543 /* fusectl */, 0x19800202 /* mqueue */, PSTOREFS_MAGIC, EFIVARFS_MAGIC,
     HUGETLBFS_MAGIC, AUTOFS_SUPER_MAGIC, NSFS_MAGIC});

// As much of a file as tells what it is.
class Beginning {
 public:
  Beginning(int directory, const char* name) {
    const platform::Fd file(
        ::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) return;
    const ssize_t size = ::pread(file.get(), bytes_.data(), bytes_.size(), 0);
    size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  ByteView view() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, 64> bytes_;
  std::size_t size_ = 0;
};

// The devices, "MAJOR:MINOR", of what this program has mounted: the third field of a line of
// mountinfo, proc_pid_mountinfo(5), and the type behind " - ". None where /proc is not there.
bool is_mounted_by_us(std::string_view device) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id, parent, found;
    fields >> id >> parent >> found;
    if (found == device && line.find(" - fuse.snapferry ") != std::string::npos) return true;
  }
  return false;
}

// Whether the mount itself says that it is ours (mount/fuse_service.cc). Unlike mountinfo it needs
// no /proc, but who may not look into the mount gets no answer.
bool says_that_it_is_ours(int fd) {
  std::array<char, 16> value;
  return platform::get_xattr_at(fd, ".", "user.snapferry.mount", value.data(), value.size()) > 0;
}

}  // namespace

std::uint32_t filesystem_type(int fd) {
  struct statfs info;
  return ::fstatfs(fd, &info) == 0 ? static_cast<std::uint32_t>(info.f_type) : 0;
}

bool is_pseudo_filesystem(int fd) {
  return std::ranges::find(kPseudoFilesystems, filesystem_type(fd)) != kPseudoFilesystems.end();
}

bool is_cache_tag(ByteView beginning) { return as_text(beginning).starts_with(kCacheTagSignature); }

bool is_config_of_repository(ByteView beginning) {
  // The length of the first copy comes before its magic (repository/FORMAT.md).
  constexpr std::size_t kLength = 4;
  return beginning.size() >= kLength && as_text(beginning.subspan(kLength)).starts_with("SFCF");
}

bool has_cache_tag(int fd) { return is_cache_tag(Beginning(fd, kCacheTag.data()).view()); }

bool is_own_mount(int fd) {
  struct stat stat;
  if (filesystem_type(fd) != FUSE_SUPER_MAGIC || ::fstat(fd, &stat) != 0) return false;
  const std::string device =
      std::to_string(major(stat.st_dev)) + ":" + std::to_string(minor(stat.st_dev));
  return is_mounted_by_us(device) || says_that_it_is_ours(fd);
}

bool is_own_store(int fd, const platform::DirectoryListing& listing) {
  const auto has = [&](std::string_view name) { return listing.find(name) < listing.size(); };
  if (has("config") && has("keys") && is_config_of_repository(Beginning(fd, "config").view())) {
    return true;
  }
  return has(".snapferry-store") && filesystem_type(fd) == BTRFS_SUPER_MAGIC;
}

}  // namespace snapferry::tree
