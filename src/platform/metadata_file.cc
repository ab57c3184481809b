#include "platform/metadata_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/xattr_at.h"

namespace snapferry::platform {
namespace {

// include/uapi/asm-generic/unistd.h of Linux 6.6; the same for all processors but Alpha.
constexpr long kFchmodAt2 = 452;

int result_of(long result) { return result == 0 ? 0 : errno; }

int change_mode_of_handle(int handle, mode_t mode) {
  return result_of(::syscall(kFchmodAt2, handle, "", mode, AT_EMPTY_PATH));
}

// chmod(2) follows what it finds: what the name stands for was looked at, and stays.
int change_mode_of_name(int handle, int directory, const char* name, mode_t mode) {
  struct stat status {};
  if (::fstat(handle, &status) != 0) return errno;
  if (S_ISLNK(status.st_mode)) return EOPNOTSUPP;
  struct stat now {};
  if (::fstatat(directory, name, &now, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (now.st_dev != status.st_dev || now.st_ino != status.st_ino) return ESTALE;
  return result_of(::fchmodat(directory, name, mode, 0));
}

}  // namespace

bool is_private_directory(int directory) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return false;
  return (status.st_uid == ::geteuid() || status.st_uid == 0) && (status.st_mode & 022) == 0;
}

int MetadataFile::change_mode(mode_t mode) const {
  if (kind_ == Kind::Open) return result_of(::fchmod(fd_, mode));
  const int error = change_mode_of_handle(fd_, mode);
  // A filter of system calls may say EPERM of one that it does not know.
  if (error != ENOSYS && error != EPERM) return error;
  if (kind_ == Kind::Named) return change_mode_of_name(fd_, directory_, name_, mode);
  return error == ENOSYS ? EOPNOTSUPP : error;
}

int MetadataFile::set_xattr(const ExtendedAttribute& xattr) const {
  if (kind_ == Kind::Handle) return EOPNOTSUPP;
  if (kind_ == Kind::Named) {
    return result_of(set_xattr_at(directory_, name_, xattr.name.c_str(), xattr.value));
  }
  return result_of(::fsetxattr(fd_, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0));
}

int MetadataFile::remove_xattr(const char* name) const {
  if (kind_ == Kind::Handle) return EOPNOTSUPP;
  if (kind_ == Kind::Named) return result_of(remove_xattr_at(directory_, name_, name));
  return result_of(::fremovexattr(fd_, name));
}

ReadXattrs MetadataFile::read_xattrs(std::string_view subject) const {
  if (kind_ == Kind::Handle) return {};
  if (kind_ == Kind::Named) return read_xattrs_at(directory_, name_, subject);
  return platform::read_xattrs(fd_, subject);
}

bool can_change_mode_of_handle() {
  // EBADF of a kernel that has the call: there is no such descriptor.
  return ::syscall(kFchmodAt2, -1, "name", 0, 0) != 0 && errno == EBADF;
}

}  // namespace snapferry::platform
