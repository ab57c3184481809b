#include "platform/metadata.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::platform {
namespace {

EntryType type_of(std::uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return EntryType::Directory;
    case S_IFLNK:
      return EntryType::Symlink;
    case S_IFIFO:
      return EntryType::Fifo;
    case S_IFSOCK:
      return EntryType::Socket;
    case S_IFCHR:
      return EntryType::CharacterDevice;
    case S_IFBLK:
      return EntryType::BlockDevice;
    default:
      return EntryType::File;
  }
}

Timestamp timestamp_of(const struct statx_timestamp& time) { return {time.tv_sec, time.tv_nsec}; }

// Calls a system call of the kind of listxattr(2) with buffers that grow until the
// answer fits; `call(buffer, size)`. The errno, or 0 with the answer in `out`.
template <typename Buffer, typename Call>
int read_growing(Buffer& out, const Call& call) {
  std::array<char, 1024> small;
  ssize_t size = call(small.data(), small.size());
  if (size >= 0) {
    out.assign(small.data(), small.data() + size);
    return 0;
  }
  while (errno == ERANGE) {
    const ssize_t needed = call(nullptr, 0);
    if (needed < 0) return errno;
    out.resize(std::max<std::size_t>(static_cast<std::size_t>(needed), 1));
    size = call(reinterpret_cast<char*>(out.data()), out.size());
    if (size >= 0) {
      out.resize(static_cast<std::size_t>(size));
      return 0;
    }
  }
  return errno;
}

template <typename List, typename Get>
std::vector<ExtendedAttribute> read_all(const List& list, const Get& get,
                                        std::string_view subject) {
  std::string names;
  const int failure = read_growing(names, list);
  if (failure == EOPNOTSUPP || failure == ENOSYS) return {};
  if (failure != 0) throw system_error(failure, "list extended attributes", subject);
  std::vector<ExtendedAttribute> xattrs;
  for (const char* name = names.data(); name < names.data() + names.size();) {
    ExtendedAttribute xattr;
    xattr.name = name;
    name += xattr.name.size() + 1;
    const auto get_this = [&](char* buffer, std::size_t size) {
      return get(xattr.name.c_str(), buffer, size);
    };
    const int error = read_growing(xattr.value, get_this);
    // Removed since it was listed, or listed by a filesystem that then has none.
    if (error == ENODATA || error == EOPNOTSUPP) continue;
    if (error != 0) throw system_error(error, "read extended attribute " + xattr.name, subject);
    xattrs.push_back(std::move(xattr));
  }
  std::sort(xattrs.begin(), xattrs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return xattrs;
}

}  // namespace

Entry entry_from_statx(const struct statx& stat, std::string_view name) {
  Entry entry;
  entry.type = type_of(stat.stx_mode);
  entry.name = name;
  entry.mode = stat.stx_mode & 07777;
  entry.uid = stat.stx_uid;
  entry.gid = stat.stx_gid;
  entry.mtime = timestamp_of(stat.stx_mtime);
  entry.ctime = timestamp_of(stat.stx_ctime);
  entry.inode = stat.stx_ino;
  if (entry.type == EntryType::File) entry.size = stat.stx_size;
  if (entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice) {
    entry.device = makedev(stat.stx_rdev_major, stat.stx_rdev_minor);
  }
  if (entry.type != EntryType::Directory && stat.stx_nlink > 1) {
    entry.link_device = makedev(stat.stx_dev_major, stat.stx_dev_minor);
  }
  return entry;
}

std::vector<ExtendedAttribute> read_xattrs(int fd, std::string_view subject) {
  // A descriptor that is open with O_PATH gives EBADF, and a way through /proc.
  const auto path = [&] { return "/proc/self/fd/" + std::to_string(fd); };
  return read_all(
      [&](char* buffer, std::size_t size) {
        const ssize_t got = ::flistxattr(fd, buffer, size);
        return got < 0 && errno == EBADF ? ::listxattr(path().c_str(), buffer, size) : got;
      },
      [&](const char* name, char* buffer, std::size_t size) {
        const ssize_t got = ::fgetxattr(fd, name, buffer, size);
        return got < 0 && errno == EBADF ? ::getxattr(path().c_str(), name, buffer, size) : got;
      },
      subject);
}

std::vector<ExtendedAttribute> read_xattrs_at(int directory, const char* name,
                                              std::string_view subject) {
  const std::string path =
      directory == AT_FDCWD ? name : "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  return read_all(
      [&](char* buffer, std::size_t size) { return ::llistxattr(path.c_str(), buffer, size); },
      [&](const char* attribute, char* buffer, std::size_t size) {
        return ::lgetxattr(path.c_str(), attribute, buffer, size);
      },
      subject);
}

std::string read_symlink_at(int directory, const char* name, std::string_view subject) {
  // The kernel refuses longer targets.
  std::array<char, 4097> buffer;
  const ssize_t size = ::readlinkat(directory, name, buffer.data(), buffer.size());
  if (size < 0) throw system_error(errno, "read symlink", subject);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace snapferry::platform
