#include "btrfs/filesystem.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include <fcntl.h>
#include <linux/btrfs_tree.h>
#include <sys/stat.h>

#include "core/error.h"

namespace snapferry::btrfs {
namespace {

bool touches(const std::vector<Mount>& mounts, const std::vector<std::string>& paths) {
  for (const auto& mount : mounts) {
    for (const auto& path : paths) {
      if (is_within(mount.point, path) || is_within(path, mount.point)) return true;
    }
  }
  return false;
}

// The first mount that no other one covers.
platform::Fd open_any(const std::vector<Mount>& mounts) {
  for (const auto& mount : mounts) {
    platform::Fd fd(::open(mount.point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.valid() && is_btrfs(fd.get())) return fd;
  }
  return {};
}

}  // namespace

Filesystem::Filesystem(std::vector<Mount> mounts, platform::Fd fd)
    : mounts_(std::move(mounts)),
      fd_(std::move(fd)),
      subvolumes_(fd_.get(), mounts_.front().point) {}

std::vector<Filesystem> Filesystem::touched_by(const std::vector<std::string>& paths, Sync sync) {
  std::map<std::string, std::vector<Mount>> by_device;
  for (auto& mount : read_mounts()) by_device[mount.device].push_back(std::move(mount));
  std::vector<Filesystem> filesystems;
  for (auto& [device, mounts] : by_device) {
    if (!touches(mounts, paths)) continue;
    auto fd = open_any(mounts);
    if (!fd.valid()) continue;
    if (sync == Sync::Yes) sync_filesystem(fd.get(), mounts.front().point);
    filesystems.push_back(Filesystem(std::move(mounts), std::move(fd)));
  }
  return filesystems;
}

std::vector<std::string> Filesystem::paths_of(const Subvolume& subvolume) const {
  std::vector<std::string> paths;
  std::string inside;
  if (!subvolumes_.path_of(subvolume, inside)) return paths;
  for (const auto& mount : mounts_) {
    auto path = mount.path_of(inside);
    if (!path.empty()) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end(), [](const std::string& one, const std::string& other) {
    return std::pair(one.size(), one) < std::pair(other.size(), other);
  });
  return paths;
}

bool Filesystem::is_visible(const Subvolume& subvolume) const {
  std::string inside;
  if (!subvolumes_.path_of(subvolume, inside)) return false;
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [&](const Mount& mount) { return !mount.path_of(inside).empty(); });
}

bool Filesystem::is_mounted_at(const std::string& path) const {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [&](const Mount& mount) { return mount.point == path; });
}

const Subvolume* Filesystem::at(const std::string& path) const {
  const platform::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() || !is_subvolume(fd.get())) return nullptr;
  const auto found = describe(fd.get(), path);
  const auto* subvolume = subvolumes_.find(found.id);
  return subvolume != nullptr && subvolume->uuid == found.uuid ? subvolume : nullptr;
}

platform::Fd Filesystem::open_at(const Subvolume& subvolume, const std::string& path) const {
  platform::Fd fd(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME));
  if (!fd.valid() || !is_subvolume(fd.get())) return {};
  const auto found = describe(fd.get(), path);
  // Of another filesystem that is mounted over it the id could be the same.
  if (found.id != subvolume.id || found.uuid != subvolume.uuid) return {};
  return fd;
}

platform::Fd Filesystem::open(const Subvolume& subvolume) const {
  for (const auto& path : paths_of(subvolume)) {
    if (auto fd = open_at(subvolume, path); fd.valid()) return fd;
  }
  return {};
}

}  // namespace snapferry::btrfs
