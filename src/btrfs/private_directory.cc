#include "btrfs/private_directory.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/refusal.h"
#include "core/error.h"
#include "platform/written_file.h"

namespace snapferry::btrfs {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kAllModes = 07777;
constexpr std::size_t kLargestFile = 16u << 20;

// What did not get its name goes.
struct Unfinished {
  const int directory;
  const std::string& name;
  ~Unfinished() { (void)::unlinkat(directory, name.c_str(), 0); }
};

}  // namespace

platform::Fd find_directory(int parent, const std::string& name, const std::string& subject) {
  platform::Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() && errno != ENOENT) throw system_error(errno, "open", subject);
  return fd;
}

platform::Fd find_private(int parent, const std::string& name, const std::string& subject) {
  auto fd =
      platform::open_at(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, subject);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(errno, "look at it", subject);
  if (status.st_uid != ::geteuid()) {
    throw Error(ErrorKind::PermissionDenied,
                subject + ": belongs to the user " + std::to_string(status.st_uid) +
                    ", who could read or exchange what is in it; remove it and run again");
  }
  return fd;
}

platform::Fd open_or_make_private(int parent, const std::string& name, const std::string& subject) {
  if (::mkdirat(parent, name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    throw failed_making(errno, parent, "create it", subject);
  }
  auto fd = find_private(parent, name, subject);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(errno, "look at it", subject);
  if ((status.st_mode & kAllModes) != kDirectoryMode && ::fchmod(fd.get(), kDirectoryMode) != 0) {
    throw system_error(errno, "make it private", subject);
  }
  return fd;
}

platform::Fd directory_if_there(int parent, const std::string& name, const std::string& subject) {
  platform::Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const bool other = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  if (!fd.valid() && !other) throw system_error(errno, "open", subject);
  return fd;
}

std::string read_small_file(int directory, const std::string& name, const std::string& subject) {
  const platform::Fd fd(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return "";
  if (!fd.valid() && (errno == ELOOP || errno == ENXIO)) {
    throw Error(ErrorKind::Corrupt, subject + ": is no file");
  }
  if (!fd.valid()) throw system_error(errno, "open", subject);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(errno, "look at it", subject);
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > kLargestFile) {
    throw Error(ErrorKind::Corrupt, subject + ": is too large, or no file");
  }
  Bytes content(static_cast<std::size_t>(status.st_size));
  content.resize(platform::read_up_to(fd.get(), content.data(), content.size(), subject));
  return std::string(as_text(content));
}

void replace_small_file(int directory, const std::string& name, std::string_view content,
                        const std::string& subject) {
  if (content.size() > kLargestFile) {
    throw Error(ErrorKind::Unsupported,
                subject +
                    ": would be larger than the 16 MiB that are read of it; divide the "
                    "volumes between two sets");
  }
  const auto temporary = name + std::string(kReplacementMark) + std::to_string(::getpid());
  const Unfinished unfinished{directory, temporary};
  {
    auto fd = platform::open_at(directory, temporary.c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kFileMode, subject);
    platform::write_all(fd.get(), as_bytes(content), subject);
    if (::fsync(fd.get()) != 0) throw system_error(errno, "make it durable", subject);
    platform::close_written(std::move(fd), subject);
  }
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    throw system_error(errno, "replace it", subject);
  }
  if (::fsync(directory) != 0) throw system_error(errno, "make it durable", subject);
}

bool is_unfinished(std::string_view file, std::string_view name) {
  return file.size() > name.size() && file.starts_with(name) &&
         file.substr(name.size()).starts_with(kReplacementMark);
}

}  // namespace snapferry::btrfs
