#include "btrfs/unfollowed.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::btrfs {

platform::Fd open_unfollowed(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_DIRECTORY | O_CLOEXEC);
  how.resolve = RESOLVE_NO_SYMLINKS;
  platform::Fd fd(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (fd.valid()) return fd;
  if (errno == ENOSYS) return platform::open_path(path, flags | O_DIRECTORY | O_NOFOLLOW);
  if (errno != ELOOP) throw system_error(errno, "open", path);
  throw Error(ErrorKind::NotFound, "btrfs:" + path +
                                       ": leads through a symlink; name the volume by the path "
                                       "that it is mounted at");
}

}  // namespace snapferry::btrfs
