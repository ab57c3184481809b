#include "btrfs/replica_directory.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/place_note.h"
#include "btrfs/store_layout.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

}  // namespace

bool is_snapshot_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos;
}

std::string what_was_changed(const Subvolume& subvolume) {
  if (subvolume.received_uuid.is_zero()) return "was made writable, or put here, by hand";
  if (!subvolume.read_only) return "was made writable";
  if (subvolume.was_changed) return "was changed after it was received";
  return {};
}

void ReplicaDirectory::lock() const {
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw system_error(errno, "lock it", path);
  throw Error(ErrorKind::Busy,
              path + ": another run is receiving this volume; wait until it is done");
}

platform::Fd ReplicaDirectory::open_snapshot(const std::string& snapshot, Subvolume& state) const {
  if (!is_snapshot_name(snapshot)) return {};
  platform::Fd fd(
      ::openat(directory.get(), snapshot.c_str(), kOpenDirectory | O_CLOEXEC | O_NOATIME));
  if (!fd.valid() || !is_subvolume(fd.get())) return {};
  state = btrfs::describe(fd.get(), path + "/" + snapshot);
  state.name = snapshot;
  return fd;
}

platform::Fd ReplicaDirectory::open_base(const Point& point) const {
  auto fd = open(point);
  const auto subject = path + "/" + point.name;
  auto change = what_was_changed(btrfs::describe(fd.get(), subject));
  if (change.empty() && read_damage(directory.get(), path).contains(point.guid)) {
    change = kWasDamaged;
  }
  if (change.empty()) return fd;
  throw Error(ErrorKind::Conflict, subject + ": " + change +
                                       ", and what is relative to it would not fit; pass "
                                       "--start-anew to set the replica aside");
}

platform::Fd ReplicaDirectory::open(const Point& point) const {
  if (directory.valid()) {
    std::vector<std::string> candidates = {point.name};
    Subvolume state;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      auto fd = open_snapshot(candidates[i], state);
      if (fd.valid() && state.identity() == point.guid) return fd;
      if (i == 0) {
        for (auto& other : names_in(directory.get(), path)) candidates.push_back(std::move(other));
      }
    }
  }
  throw Error(
      ErrorKind::NotFound,
      path + "/" + point.name + ": no such snapshot; `snapferry list` shows which there are");
}

void ReplicaDirectory::note_place(const std::vector<std::string>& volumes,
                                  const std::string& called) const {
  if (StoreLayout::is_long(called)) write_place(directory.get(), volumes, path);
}

void ReplicaDirectory::note_damage(DamageNote damaged, const DamageNote& sound) const {
  for (const auto& earlier : read_damage(directory.get(), path)) {
    if (!sound.contains(earlier)) damaged.insert(earlier);
  }
  write_damage(directory.get(), damaged, path);
}

bool ReplicaDirectory::holds_snapshots() const {
  Subvolume state;
  const auto names = names_in(directory.get(), path);
  return std::any_of(names.begin(), names.end(), [&](const std::string& snapshot) {
    return open_snapshot(snapshot, state).valid();
  });
}

bool ReplicaDirectory::rename(const VolumeName& from, const VolumeName& to) const {
  const auto new_name = StoreLayout::volume_name(to);
  note_place({from.path, to.path}, new_name);
  if (::renameat2(host.get(), name.c_str(), host.get(), new_name.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return false;
    throw system_error(errno, "rename it", path);
  }
  note_place({to.path}, new_name);
  if (!StoreLayout::is_long(new_name)) {
    (void)::unlinkat(directory.get(), StoreLayout::kPlaceName, 0);
  }
  sync_filesystem(host.get(), path);
  return true;
}

void ReplicaDirectory::remove_if_empty() const {
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return;
  const auto names = names_in(directory.get(), path);
  if (!std::ranges::all_of(names, StoreLayout::is_note)) return;
  for (const auto& note : names) (void)::unlinkat(directory.get(), note.c_str(), 0);
  if (::unlinkat(host.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ||
      errno == ENOTEMPTY) {
    return;
  }
  throw system_error(errno, "remove it", path);
}

}  // namespace snapferry::btrfs
