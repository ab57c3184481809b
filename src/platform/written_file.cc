#include "platform/written_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::platform {

void flush_written(int fd, std::string_view subject) {
  Fd duplicate(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!duplicate.valid()) throw system_error(errno, "write", subject);
  close_written(std::move(duplicate), subject);
}

void close_written(Fd fd, std::string_view subject) {
  if (::close(fd.release()) != 0) throw system_error(errno, "write", subject);
}

void sync_written(int fd, std::string_view subject) {
  if (::fsync(fd) == 0) return;
  const bool none = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
  if (!none || ::syncfs(fd) != 0) throw system_error(errno, "make it durable", subject);
}

}  // namespace snapferry::platform
