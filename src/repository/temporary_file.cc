#include "repository/temporary_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <random>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/written_file.h"

namespace snapferry::repository {
namespace {

constexpr int kAttempts = 100;
constexpr std::size_t kCopiedAtOnce = 1u << 20;

std::string random_name(const std::string& directory) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz012345";
  std::random_device random;
  std::string name = directory + "/.temporary-";
  for (unsigned value = random(), i = 0; i < 6; ++i, value >>= 5) name += kLetters[value & 31];
  return name;
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& directory) : directory_(directory) {
  fd_ = platform::Fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_.valid()) return;
  std::string name = directory + "/.temporary-XXXXXX";
  fd_ = platform::Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd_.valid()) {
    name_ = name;
  } else {
    move_to_memory();
  }
}

TemporaryFile::~TemporaryFile() { remove_name(); }

void TemporaryFile::append(ByteView bytes) {
  try {
    platform::pwrite_all(fd(), bytes, size_, directory_);
  } catch (const Error&) {
    if (in_memory_) throw;
    move_to_memory();
    platform::pwrite_all(fd(), bytes, size_, directory_);
  }
  size_ += bytes.size();
}

// With what was written so far.
void TemporaryFile::move_to_memory() {
  platform::Fd memory(::memfd_create("snapferry", MFD_CLOEXEC));
  if (!memory.valid()) throw system_error(errno, "create a file in memory", directory_);
  Bytes buffer(kCopiedAtOnce);
  for (std::uint64_t done = 0; done < size_;) {
    const std::size_t size = std::min<std::uint64_t>(buffer.size(), size_ - done);
    if (platform::pread_up_to(fd(), buffer.data(), size, done, directory_) != size) {
      throw Error(ErrorKind::Unavailable, directory_ + ": a temporary file became shorter");
    }
    platform::pwrite_all(memory.get(), ByteView(buffer).first(size), done, directory_);
    done += size;
  }
  remove_name();
  fd_ = std::move(memory);
  in_memory_ = true;
}

void TemporaryFile::remove_name() {
  if (!name_.empty()) ::unlink(name_.c_str());
  name_.clear();
}

// By the descriptor, which only root may, or through /proc, which need not be there.
bool TemporaryFile::name_it() {
  const std::string link = "/proc/self/fd/" + std::to_string(fd());
  for (int attempt = 0; name_.empty(); ++attempt) {
    const std::string name = random_name(directory_);
    if (::linkat(fd(), "", AT_FDCWD, name.c_str(), AT_EMPTY_PATH) == 0 ||
        ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      name_ = name;
    } else if (errno != EEXIST || attempt == kAttempts) {
      return false;
    }
  }
  return true;
}

bool TemporaryFile::is_written() const {
  try {
    platform::flush_written(fd(), directory_);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void TemporaryFile::publish(const std::string& path) {
  // linkat(2) cannot replace, so the file is named twice.
  if (in_memory_ || !is_written() || !name_it()) return;
  if (::rename(name_.c_str(), path.c_str()) == 0) name_.clear();
}

platform::Fd TemporaryFile::take() && {
  remove_name();
  return std::move(fd_);
}

}  // namespace snapferry::repository
