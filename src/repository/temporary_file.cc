#include "repository/temporary_file.h"

#include <cerrno>
#include <cstdio>
#include <random>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::repository {
namespace {

constexpr int kAttempts = 100;

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
  if (!fd_.valid()) throw system_error(errno, "create a temporary file", directory);
  name_ = name;
}

TemporaryFile::~TemporaryFile() { remove_name(); }

void TemporaryFile::remove_name() {
  if (!name_.empty()) ::unlink(name_.c_str());
  name_.clear();
}

void TemporaryFile::publish(const std::string& path) {
  // linkat(2) cannot replace, so the file is named twice.
  const std::string source = "/proc/self/fd/" + std::to_string(fd());
  for (int attempt = 0; name_.empty(); ++attempt) {
    const std::string name = random_name(directory_);
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      name_ = name;
    } else if (errno != EEXIST || attempt == kAttempts) {
      throw system_error(errno, "name the file", path);
    }
  }
  if (::rename(name_.c_str(), path.c_str()) != 0) throw system_error(errno, "replace", path);
  name_.clear();
}

platform::Fd TemporaryFile::take() && {
  remove_name();
  return std::move(fd_);
}

}  // namespace snapferry::repository
