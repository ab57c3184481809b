#include "platform/xattr_at.h"

#include <cerrno>
#include <cstdint>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/own_directory.h"

namespace snapferry::platform {
namespace {

// include/uapi/asm-generic/unistd.h of Linux 6.13; the same for all processors but Alpha.
constexpr long kSetXattrAt = 463;
constexpr long kGetXattrAt = 464;
constexpr long kListXattrAt = 465;
constexpr long kRemoveXattrAt = 466;

// struct xattr_args, include/uapi/linux/xattr.h.
struct alignas(8) XattrArguments {
  std::uint64_t value;
  std::uint32_t size;
  std::uint32_t flags;
};

XattrArguments arguments(const void* value, std::size_t size) {
  return {reinterpret_cast<std::uintptr_t>(value), static_cast<std::uint32_t>(size), 0};
}

// A kernel without the call says ENOSYS, and some filters of system calls EPERM.
bool has_no_such_call() { return errno == ENOSYS || errno == EPERM; }

// Without /proc every path through it is missing. A process that may not look at it has it.
bool has_proc() {
  struct stat status {};
  return ::stat("/proc/self/fd", &status) == 0 || errno != ENOENT;
}

// `direct()` is the call itself, `by_path(path)` the one that takes a path.
template <typename Direct, typename ByPath>
long reach(int directory, const char* name, const Direct& direct, const ByPath& by_path) {
  const long result = direct();
  if (result >= 0 || !has_no_such_call()) return result;
  if (directory == AT_FDCWD || *name == '/') return by_path(name);
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  const long by_proc = by_path(path.c_str());
  const int error = errno;
  if (by_proc >= 0 || error != ENOENT || has_proc()) {
    errno = error;
    return by_proc;
  }
  return in_own_directory(directory, [&] { return static_cast<long>(by_path(name)); });
}

}  // namespace

ssize_t list_xattrs_at(int directory, const char* name, char* list, std::size_t size) {
  return reach(
      directory, name,
      [&] { return ::syscall(kListXattrAt, directory, name, AT_SYMLINK_NOFOLLOW, list, size); },
      [&](const char* path) { return ::llistxattr(path, list, size); });
}

ssize_t get_xattr_at(int directory, const char* name, const char* attribute, char* value,
                     std::size_t size) {
  XattrArguments given = arguments(value, size);
  return reach(
      directory, name,
      [&] {
        return ::syscall(kGetXattrAt, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &given,
                         sizeof given);
      },
      [&](const char* path) { return ::lgetxattr(path, attribute, value, size); });
}

int set_xattr_at(int directory, const char* name, const char* attribute, ByteView value) {
  const XattrArguments given = arguments(value.data(), value.size());
  return static_cast<int>(reach(
      directory, name,
      [&] {
        return ::syscall(kSetXattrAt, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &given,
                         sizeof given);
      },
      [&](const char* path) {
        return ::lsetxattr(path, attribute, value.data(), value.size(), 0);
      }));
}

int remove_xattr_at(int directory, const char* name, const char* attribute) {
  return static_cast<int>(reach(
      directory, name,
      [&] { return ::syscall(kRemoveXattrAt, directory, name, AT_SYMLINK_NOFOLLOW, attribute); },
      [&](const char* path) { return ::lremovexattr(path, attribute); }));
}

}  // namespace snapferry::platform
