#include "btrfs/subvolume.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "btrfs/later_change.h"
#include "btrfs/refusal.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

template <std::size_t kSize>
void put_name(char (&field)[kSize], const std::string& name, std::string_view subject) {
  if (name.empty() || name.size() >= kSize || name.size() > BTRFS_VOL_NAME_MAX ||
      name.find('/') != name.npos) {
    throw Error(ErrorKind::InvalidArgument, std::string(subject) + ": '" + name +
                                                "' cannot be the name of a subvolume; names have "
                                                "1 to 255 bytes and no slash");
  }
  std::memcpy(field, name.data(), name.size());
}

void change_flags(int fd, std::uint64_t set, std::uint64_t clear, const char* what,
                  std::string_view subject) {
  std::uint64_t flags = 0;
  if (::ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0) {
    throw system_error(errno, "read the flags", subject);
  }
  flags = (flags | set) & ~clear;
  if (::ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0) {
    throw system_error(errno, what, subject);
  }
}

Guid guid_of(const std::uint8_t (&uuid)[BTRFS_UUID_SIZE]) { return Guid::from_bytes(uuid); }

}  // namespace

bool is_btrfs(int fd) {
  struct statfs filesystem {};
  return ::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == BTRFS_SUPER_MAGIC;
}

void require_btrfs(int fd, const std::string& name) {
  if (is_btrfs(fd)) return;
  throw Error(ErrorKind::Unsupported,
              name + ": is not on a btrfs; mount the disk of the store and run again");
}

bool is_subvolume(int fd) {
  struct stat status {};
  return is_btrfs(fd) && ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_ino == BTRFS_FIRST_FREE_OBJECTID;
}

std::uint64_t subvolume_id_of(int fd, std::string_view subject) {
  btrfs_ioctl_ino_lookup_args lookup{};
  lookup.objectid = BTRFS_FIRST_FREE_OBJECTID;
  if (::ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) < 0) {
    throw system_error(errno, "find its subvolume", subject);
  }
  return lookup.treeid;
}

Subvolume describe(int fd, std::string_view subject) {
  btrfs_ioctl_get_subvol_info_args info{};
  // It returns 1 where the search behind it did (Linux 6.18).
  if (::ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, &info) < 0) {
    throw system_error(errno, "ask about the subvolume", subject);
  }
  Subvolume subvolume;
  subvolume.id = info.treeid;
  subvolume.parent_id = info.parent_id;
  subvolume.directory = info.dirid;
  subvolume.name = info.name;
  subvolume.uuid = guid_of(info.uuid);
  subvolume.parent_uuid = guid_of(info.parent_uuid);
  subvolume.received_uuid = guid_of(info.received_uuid);
  subvolume.generation = info.generation;
  subvolume.ctransid = info.ctransid;
  subvolume.otransid = info.otransid;
  subvolume.rtransid = info.rtransid;
  subvolume.otime = {static_cast<std::int64_t>(info.otime.sec), info.otime.nsec};
  subvolume.rtime = {static_cast<std::int64_t>(info.rtime.sec), info.rtime.nsec};
  subvolume.stime = {static_cast<std::int64_t>(info.stime.sec), info.stime.nsec};
  subvolume.read_only = (info.flags & BTRFS_ROOT_SUBVOL_RDONLY) != 0;
  if (subvolume.may_have_changed()) {
    subvolume.was_changed = was_changed_later(fd, subject, subvolume);
  }
  return subvolume;
}

void create_subvolume(int directory, const std::string& name, std::string_view subject) {
  btrfs_ioctl_vol_args_v2 arguments{};
  put_name(arguments.name, name, subject);
  if (::ioctl(directory, BTRFS_IOC_SUBVOL_CREATE_V2, &arguments) < 0) {
    throw failed_making(errno, directory, "create the subvolume", subject);
  }
}

void create_snapshot(int source, int directory, const std::string& name, Access access,
                     std::string_view subject) {
  btrfs_ioctl_vol_args_v2 arguments{};
  arguments.fd = source;
  if (access == Access::ReadOnly) arguments.flags = BTRFS_SUBVOL_RDONLY;
  put_name(arguments.name, name, subject);
  if (::ioctl(directory, BTRFS_IOC_SNAP_CREATE_V2, &arguments) == 0) return;
  if (errno == ETXTBSY) {
    throw Error(ErrorKind::Busy, std::string(subject) + ": cannot take the snapshot, because " +
                                     std::string(kSwapFileInIt));
  }
  throw failed_making(errno, directory, "take the snapshot", subject);
}

void destroy_subvolume(int directory, const std::string& name, std::string_view subject) {
  btrfs_ioctl_vol_args arguments{};
  put_name(arguments.name, name, subject);
  if (::ioctl(directory, BTRFS_IOC_SNAP_DESTROY, &arguments) < 0) {
    throw failed_destroying(errno, "destroy the subvolume", subject);
  }
}

void destroy_subvolume_by_id(int fd, std::uint64_t id, std::string_view subject) {
  btrfs_ioctl_vol_args_v2 arguments{};
  arguments.flags = BTRFS_SUBVOL_SPEC_BY_ID;
  arguments.subvolid = id;
  if (::ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, &arguments) < 0) {
    throw failed_destroying(errno, "destroy the snapshot", subject);
  }
}

void set_read_only(int fd, std::string_view subject) {
  change_flags(fd, BTRFS_SUBVOL_RDONLY, 0, "make it read-only", subject);
}

void set_writable(int fd, std::string_view subject) {
  change_flags(fd, 0, BTRFS_SUBVOL_RDONLY, "make it writable", subject);
}

void set_received(int fd, const Guid& identity, std::uint64_t transaction, SubvolumeTime stime,
                  std::string_view subject) {
  btrfs_ioctl_received_subvol_args arguments{};
  std::copy(identity.bytes.begin(), identity.bytes.end(), arguments.uuid);
  arguments.stransid = transaction;
  arguments.stime.sec = static_cast<std::uint64_t>(stime.seconds);
  arguments.stime.nsec = stime.nanoseconds;
  if (::ioctl(fd, BTRFS_IOC_SET_RECEIVED_SUBVOL, &arguments) < 0) {
    throw system_error(errno, "mark it as received", subject);
  }
}

void reclaim_space(int fd) { (void)::ioctl(fd, BTRFS_IOC_SYNC); }

void sync_filesystem(int fd, std::string_view subject) {
  if (::syncfs(fd) != 0) throw system_error(errno, "make it durable", subject);
}

}  // namespace snapferry::btrfs
