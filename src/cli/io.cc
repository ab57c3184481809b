#include "cli/io.h"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/written_file.h"

namespace snapferry::cli {

void FdOutput::write(std::string_view text) {
  constexpr std::size_t kFlushAt = 64 << 10;
  buffer_.append(text);
  if (buffer_.size() >= kFlushAt) flush();
}

void FdOutput::flush() {
  std::string pending = std::move(buffer_);
  buffer_.clear();
  std::string_view rest = pending;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw BrokenPipe{};
    } else if (errno != EINTR) {
      throw system_error(errno, "write", subject_);
    }
  }
}

void FdOutput::finish() {
  flush();
  struct stat stat {};
  if (::fstat(fd_, &stat) == 0 && S_ISREG(stat.st_mode)) platform::flush_written(fd_, subject_);
}

}  // namespace snapferry::cli
