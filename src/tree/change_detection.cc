#include "tree/change_detection.h"

#include <algorithm>
#include <cstring>

#include <sys/sysmacros.h>

#include "core/tree_node.h"
#include "tree/mount_point.h"

namespace snapferry::tree {
namespace {

// Timestamps of filesystems are coarser than the clock, by up to two seconds (FAT).
constexpr std::int64_t kCoarsestTimestamp = 2;
constexpr std::int64_t kClockDifference = 24 * 60 * 60;

// The fields that are compared lie behind one another.
constexpr std::size_t kCompared = offsetof(FixedEntry, mode);

std::uint8_t type_byte(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return static_cast<std::uint8_t>(EntryType::Directory);
    case S_IFLNK:
      return static_cast<std::uint8_t>(EntryType::Symlink);
    case S_IFIFO:
      return static_cast<std::uint8_t>(EntryType::Fifo);
    case S_IFSOCK:
      return static_cast<std::uint8_t>(EntryType::Socket);
    case S_IFCHR:
      return static_cast<std::uint8_t>(EntryType::CharacterDevice);
    case S_IFBLK:
      return static_cast<std::uint8_t>(EntryType::BlockDevice);
    default:
      return static_cast<std::uint8_t>(EntryType::File);
  }
}

FixedEntry fixed_of(const struct statx& stat) {
  FixedEntry fixed{};
  fixed.type = type_byte(stat.stx_mode);
  fixed.mode = stat.stx_mode & 07777;
  fixed.uid = stat.stx_uid;
  fixed.gid = stat.stx_gid;
  fixed.mtime_ns = stat.stx_mtime.tv_nsec;
  fixed.ctime_ns = stat.stx_ctime.tv_nsec;
  fixed.mtime_s = stat.stx_mtime.tv_sec;
  fixed.ctime_s = stat.stx_ctime.tv_sec;
  fixed.inode = stat.stx_ino;
  if (S_ISREG(stat.stx_mode)) fixed.size = stat.stx_size;
  if (S_ISCHR(stat.stx_mode) || S_ISBLK(stat.stx_mode)) {
    fixed.device = makedev(stat.stx_rdev_major, stat.stx_rdev_minor);
  }
  if (S_ISDIR(stat.stx_mode) && is_mount_point(stat)) fixed.device = kMountPointDevice;
  return fixed;
}

bool same_links(const struct statx& stat, const FixedEntry& fixed, ByteView entry) {
  const bool linked = !S_ISDIR(stat.stx_mode) && stat.stx_nlink > 1;
  if (linked != ((fixed.flags & kEntryHasLinkDevice) != 0)) return false;
  if (!linked) return true;
  const std::size_t offset = sizeof(FixedEntry) + fixed.name_length;
  std::uint64_t device;
  if (entry.size() < offset + sizeof device) return false;
  std::memcpy(&device, entry.data() + offset, sizeof device);
  return device == device_of(stat);
}

bool same_time(const statx_timestamp& a, const statx_timestamp& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

std::uint64_t device_of(const struct statx& stat) {
  return makedev(stat.stx_dev_major, stat.stx_dev_minor);
}

RacyWindow racy_window(Timestamp begun, Timestamp finished) {
  const Timestamp end = std::max(begun, finished);
  return {{begun.seconds - kCoarsestTimestamp, begun.nanoseconds},
          {end.seconds + kClockDifference, end.nanoseconds},
          {end.seconds + kCoarsestTimestamp, end.nanoseconds}};
}

bool is_unchanged(const struct statx& stat, ByteView base_entry, const RacyWindow& racy) {
  FixedEntry base;
  std::memcpy(&base, base_entry.data(), sizeof base);
  const FixedEntry now = fixed_of(stat);
  const auto* base_raw = reinterpret_cast<const std::uint8_t*>(&base);
  const auto* now_raw = reinterpret_cast<const std::uint8_t*>(&now);
  return base.type == now.type && (base.flags & (kEntryUnsettled | kEntryLeftOut)) == 0 &&
         std::memcmp(base_raw + kCompared, now_raw + kCompared, sizeof base - kCompared) == 0 &&
         same_links(stat, base, base_entry) &&
         !racy.contains({stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec},
                        {stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec});
}

bool is_alike(const struct statx& stat, ByteView base_entry) {
  FixedEntry base;
  std::memcpy(&base, base_entry.data(), sizeof base);
  const FixedEntry now = fixed_of(stat);
  return base.type == now.type && base.mode == now.mode && base.uid == now.uid &&
         base.gid == now.gid && base.mtime_s == now.mtime_s && base.mtime_ns == now.mtime_ns &&
         base.size == now.size;
}

bool say_the_same(ByteView one, ByteView other) {
  if (one.size() != other.size() ||
      !std::ranges::equal(one.subspan(sizeof(FixedEntry)), other.subspan(sizeof(FixedEntry)))) {
    return false;
  }
  FixedEntry a;
  FixedEntry b;
  std::memcpy(&a, one.data(), sizeof a);
  std::memcpy(&b, other.data(), sizeof b);
  b.ctime_s = a.ctime_s;
  b.ctime_ns = a.ctime_ns;
  b.inode = a.inode;
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool is_settled(const struct statx& before, const struct statx& after) {
  return before.stx_size == after.stx_size && same_time(before.stx_mtime, after.stx_mtime) &&
         same_time(before.stx_ctime, after.stx_ctime);
}

}  // namespace snapferry::tree
