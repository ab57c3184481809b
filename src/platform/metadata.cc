#include "platform/metadata.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/xattr_at.h"

namespace snapferry::platform {
namespace {

constexpr int kAttempts = 8;

// What decides who may use a file.
constexpr std::array<std::string_view, 4> kKnownNames = {"security.capability", "security.selinux",
                                                         "system.posix_acl_access",
                                                         "system.posix_acl_default"};

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
  // Once more for each time that it grew meanwhile, but not for ever: FUSE may say anything.
  for (int attempt = 0; errno == ERANGE && attempt < kAttempts; ++attempt) {
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

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ESTALE; }

template <typename Get>
void read_one(std::string_view name, const Get& get, ReadXattrs& out) {
  ExtendedAttribute xattr;
  xattr.name = name;
  const int error = read_growing(xattr.value, [&](char* buffer, std::size_t size) {
    return get(xattr.name.c_str(), buffer, size);
  });
  // Removed since it was listed, or listed by a filesystem that then has none.
  if (error == ENODATA || error == EOPNOTSUPP) return;
  if (error == 0) return out.xattrs.push_back(std::move(xattr));
  if (!out.problem.empty()) out.problem += ", ";
  out.problem += xattr.name + ": " + std::generic_category().message(error);
}

template <typename List, typename Get>
ReadXattrs read_all(const List& list, const Get& get, std::string_view subject) {
  std::string names;
  const int failure = read_growing(names, list);
  if (failure == EOPNOTSUPP || failure == ENOSYS) return {};
  if (is_gone(failure)) throw system_error(failure, "list extended attributes", subject);
  ReadXattrs out;
  if (failure != 0) {
    for (const auto name : kKnownNames) read_one(name, get, out);
    out.problem = "their list: " + std::generic_category().message(failure);
  }
  for (const char* name = names.data(); failure == 0 && name < names.data() + names.size();) {
    const std::string_view this_name(name);
    name += this_name.size() + 1;
    read_one(this_name, get, out);
  }
  std::sort(out.xattrs.begin(), out.xattrs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
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

ReadXattrs read_xattrs(int fd, std::string_view subject) {
  return read_all([&](char* buffer, std::size_t size) { return ::flistxattr(fd, buffer, size); },
                  [&](const char* name, char* buffer, std::size_t size) {
                    return ::fgetxattr(fd, name, buffer, size);
                  },
                  subject);
}

ReadXattrs read_xattrs_at(int directory, const char* name, std::string_view subject) {
  return read_all(
      [&](char* buffer, std::size_t size) { return list_xattrs_at(directory, name, buffer, size); },
      [&](const char* attribute, char* buffer, std::size_t size) {
        return get_xattr_at(directory, name, attribute, buffer, size);
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
