#include "btrfs/snapshot_finder.h"

#include <utility>

#include <fcntl.h>

#include "btrfs/lineage.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/source.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

bool fits(const Subvolume& subvolume, const Point& point) {
  return subvolume.read_only && subvolume.identity() == point.guid && !subvolume.was_changed;
}

}  // namespace

SnapshotFinder::SnapshotFinder(std::string volume)
    : volume_(std::move(volume)), path_(path_of_volume(volume_)) {}

platform::Fd SnapshotFinder::open(const Point& point) {
  if (auto fd = open_origin(point); fd.valid()) return fd;
  if (auto fd = open_ours(point); fd.valid()) return fd;
  if (auto fd = open_listed(point); fd.valid()) return fd;
  throw Error(ErrorKind::NotFound,
              volume_ + "@" + point.name +
                  ": this snapshot is gone, or is not below any mount; run the command again");
}

platform::Fd SnapshotFinder::open_ours(const Point& point) const {
  if (point.name.empty() || point.name.find('/') != point.name.npos) return {};
  try {
    const auto directory = find_snapshot_place(snapshot_place(path_));
    if (!directory.valid()) return {};
    platform::Fd fd(::openat(directory.get(), point.name.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME));
    if (fd.valid() && is_subvolume(fd.get()) && fits(describe(fd.get(), volume_), point)) return fd;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
  return {};
}

platform::Fd SnapshotFinder::open_own(const Point& point) {
  if (auto fd = open_origin(point); fd.valid()) return fd;
  if (auto fd = open_ours(point); fd.valid()) {
    if (!uuid_.is_zero() && describe(fd.get(), volume_).parent_uuid == uuid_) return fd;
  }
  for (const auto& filesystem : filesystems()) {
    const auto* volume = filesystem.at(path_);
    if (volume == nullptr) continue;
    // As the source lists them, or what it offers could not be sent.
    const auto standing =
        filesystem.is_mounted_at(path_) ? Lineage::Standing::Mounted : Lineage::Standing::Anywhere;
    for (const auto& own : Lineage(filesystem.subvolumes()).points_of(*volume, standing)) {
      if (own.point.guid != point.guid) continue;
      if (auto fd = filesystem.open(*own.subvolume); fd.valid()) return fd;
    }
  }
  throw Error(ErrorKind::NotFound,
              volume_ + "@" + point.name +
                  ": the volume has no such snapshot, or it is not below any mount; run the "
                  "command again");
}

void SnapshotFinder::look_at_volume() {
  if (origin_) return;
  origin_ = Guid{};
  const platform::Fd volume(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!volume.valid() || !is_subvolume(volume.get())) return;
  const auto state = describe(volume.get(), volume_);
  uuid_ = state.uuid;
  origin_ = state.parent_uuid;
}

platform::Fd SnapshotFinder::open_origin(const Point& point) {
  look_at_volume();
  if (origin_->is_zero()) return {};
  for (const auto& filesystem : filesystems()) {
    for (const auto* subvolume : filesystem.subvolumes().snapshots(point.guid)) {
      if (subvolume->uuid != *origin_ || !fits(*subvolume, point)) continue;
      if (auto fd = filesystem.open(*subvolume); fd.valid()) return fd;
    }
  }
  return {};
}

const std::vector<Filesystem>& SnapshotFinder::filesystems() {
  if (!listed_) {
    filesystems_ = Filesystem::touched_by({path_}, Filesystem::Sync::No);
    listed_ = true;
  }
  return filesystems_;
}

platform::Fd SnapshotFinder::open_listed(const Point& point) {
  for (const auto& filesystem : filesystems()) {
    for (const auto* subvolume : filesystem.subvolumes().snapshots(point.guid)) {
      if (!fits(*subvolume, point)) continue;
      if (auto fd = filesystem.open(*subvolume); fd.valid()) return fd;
    }
  }
  return {};
}

}  // namespace snapferry::btrfs
