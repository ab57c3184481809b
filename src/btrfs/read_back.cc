#include "btrfs/read_back.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "core/bytes.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::btrfs {
namespace {

constexpr std::size_t kReadSize = 1u << 20;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME;

class Reader {
 public:
  Reader(Progress* progress, const Cancellation* cancellation)
      : progress_(progress), cancellation_(cancellation), buffer_(kReadSize) {}

  // One level of directories deep holds one descriptor; those that are still to be read are
  // names alone.
  void read_directory(int directory, const std::string& path) {
    std::vector<std::string> names;
    try {
      names = names_in(directory, path);
    } catch (const Error& error) {
      unreadable_.push_back({path, error.message()});
    }
    for (const auto& name : names) {
      if (cancellation_ != nullptr) cancellation_->check();
      const auto below = path.empty() ? name : path + "/" + name;
      try {
        read_entry(directory, name, below);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) throw;
        unreadable_.push_back({below, error.message()});
      }
    }
  }

  std::vector<Unreadable> take() { return std::move(unreadable_); }

 private:
  void read_entry(int directory, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw system_error(errno, "look at it", path);
    }
    if (S_ISDIR(status.st_mode)) {
      const auto below = platform::open_at(directory, name.c_str(), kOpenDirectory, 0, path);
      read_directory(below.get(), path);
    } else if (S_ISREG(status.st_mode)) {
      read_file(directory, name, path);
      if (progress_ != nullptr) ++progress_->files;
    }
  }

  void read_file(int directory, const std::string& name, const std::string& path) {
    const auto fd =
        platform::open_at(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NOATIME, 0, path);
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    while (true) {
      if (cancellation_ != nullptr) cancellation_->check();
      const auto size = platform::read_up_to(fd.get(), buffer_.data(), buffer_.size(), path);
      if (progress_ != nullptr) progress_->bytes += size;
      if (size < buffer_.size()) break;
    }
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  }

  Progress* progress_;
  const Cancellation* cancellation_;
  Bytes buffer_;
  std::vector<Unreadable> unreadable_;
};

}  // namespace

std::vector<Unreadable> read_back(int root, Progress* progress, const Cancellation* cancellation) {
  Reader reader(progress, cancellation);
  reader.read_directory(root, "");
  return reader.take();
}

}  // namespace snapferry::btrfs
