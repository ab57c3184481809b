#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <unistd.h>

#include "core/bytes.h"

namespace snapferry::platform {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// openat(2) with O_CLOEXEC added; throws as system_error naming `subject`.
Fd open_at(int directory, const char* name, int flags, unsigned mode, std::string_view subject);
Fd open_path(const std::string& path, int flags, unsigned mode = 0);

// All of `bytes`, however many calls it takes.
void write_all(int fd, ByteView bytes, std::string_view subject);
void pwrite_all(int fd, ByteView bytes, std::uint64_t offset, std::string_view subject);

// Reads until `size` bytes or the end of file; returns how many.
std::size_t read_up_to(int fd, std::uint8_t* buffer, std::size_t size, std::string_view subject);
std::size_t pread_up_to(int fd, std::uint8_t* buffer, std::size_t size, std::uint64_t offset,
                        std::string_view subject);

// The whole file; throws Corrupt if it is larger than `limit`.
Bytes read_file(const std::string& path, std::size_t limit);

}  // namespace snapferry::platform
