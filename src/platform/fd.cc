#include "platform/fd.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "core/error.h"

namespace snapferry::platform {

Fd open_at(int directory, const char* name, int flags, unsigned mode, std::string_view subject) {
  const int fd = ::openat(directory, name, flags | O_CLOEXEC, mode);
  if (fd < 0) throw system_error(errno, "open", subject);
  return Fd(fd);
}

Fd open_path(const std::string& path, int flags, unsigned mode) {
  return open_at(AT_FDCWD, path.c_str(), flags, mode, path);
}

void write_all(int fd, ByteView bytes, std::string_view subject) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw system_error(errno, "write", subject);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void pwrite_all(int fd, ByteView bytes, std::uint64_t offset, std::string_view subject) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      throw system_error(errno, "write", subject);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

std::size_t read_up_to(int fd, std::uint8_t* buffer, std::size_t size, std::string_view subject) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t got = ::read(fd, buffer + total, size - total);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw system_error(errno, "read", subject);
    }
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

std::size_t pread_up_to(int fd, std::uint8_t* buffer, std::size_t size, std::uint64_t offset,
                        std::string_view subject) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t got =
        ::pread(fd, buffer + total, size - total, static_cast<off_t>(offset + total));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw system_error(errno, "read", subject);
    }
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Bytes read_file(const std::string& path, std::size_t limit) {
  const Fd fd = open_path(path, O_RDONLY);
  Bytes bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(std::min(limit + 1, std::max<std::size_t>(before * 2, 64 << 10)));
    bytes.resize(before + read_up_to(fd.get(), bytes.data() + before, bytes.size() - before, path));
    if (bytes.size() > limit) throw Error(ErrorKind::Corrupt, path + ": is too large");
    if (bytes.size() == before) return bytes;
  }
}

}  // namespace snapferry::platform
