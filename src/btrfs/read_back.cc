#include "btrfs/read_back.h"

#include <algorithm>
#include <array>
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
constexpr int kWalkDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME;

// What a machine lacks says nothing about the data.
void rethrow_unless_damage(const Error& error) {
  constexpr std::array kLacks = {EMFILE, ENFILE, ENOMEM, EACCES, EPERM, ENOBUFS, EAGAIN, EINTR};
  const bool lacks = std::find(kLacks.begin(), kLacks.end(), error.system_error()) != kLacks.end();
  if (lacks || error.kind() == ErrorKind::Cancelled) throw Error(error);
}

// Walks with one directory open, whatever the depth: nobody can rename anything in a read-only
// subvolume, so that ".." leads back to where the walk came from.
class Reader {
 public:
  Reader(Progress* progress, const Cancellation* cancellation)
      : progress_(progress), cancellation_(cancellation), buffer_(kReadSize) {}

  void read_all(int root) {
    directory_ = platform::open_at(root, ".", kWalkDirectory, 0, "/");
    enter();
    while (!levels_.empty()) {
      if (cancellation_ != nullptr) cancellation_->check();
      if (levels_.back().names.empty()) {
        leave();
      } else {
        read_next();
      }
    }
  }

  std::vector<Unreadable> take() { return std::move(unreadable_); }

 private:
  // A directory on the way from the root to the one that is open.
  struct Level {
    std::size_t path_size = 0;       // of the one above
    std::vector<std::string> names;  // that are still to be read, the next one last
  };

  void note(const Error& error, const std::string& path) {
    rethrow_unless_damage(error);
    unreadable_.push_back({path, error.message()});
  }

  // `directory_` has just been opened.
  void enter() {
    Level level;
    level.path_size = path_above_;
    try {
      level.names = names_in(directory_.get(), path_);
      std::reverse(level.names.begin(), level.names.end());
    } catch (const Error& error) {
      note(error, path_);
    }
    levels_.push_back(std::move(level));
  }

  void leave() {
    const std::size_t above = levels_.back().path_size;
    levels_.pop_back();
    if (levels_.empty()) return;
    directory_ = platform::open_at(directory_.get(), "..", kWalkDirectory, 0, path_);
    path_.resize(above);
  }

  void read_next() {
    const std::string name = std::move(levels_.back().names.back());
    levels_.back().names.pop_back();
    const std::string path = path_.empty() ? name : path_ + "/" + name;
    try {
      read_entry(name, path);
    } catch (const Error& error) {
      note(error, path);
    }
  }

  void read_entry(const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      throw system_error(errno, "look at it", path);
    }
    if (S_ISDIR(status.st_mode)) {
      directory_ = platform::open_at(directory_.get(), name.c_str(), kWalkDirectory, 0, path);
      path_above_ = path_.size();
      path_ = path;
      enter();
    } else if (S_ISREG(status.st_mode)) {
      read_file(name, path, status.st_size);
      if (progress_ != nullptr) ++progress_->files;
    }
  }

  void read_file(const std::string& name, const std::string& path, off_t size) {
    const auto fd = platform::open_at(directory_.get(), name.c_str(),
                                      O_RDONLY | O_NOFOLLOW | O_NOATIME, 0, path);
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    for (off_t begin = 0; begin < size;) {
      const off_t data = ::lseek(fd.get(), begin, SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;  // a hole to the end
      const off_t hole = data < 0 ? data : ::lseek(fd.get(), data, SEEK_HOLE);
      if (data < 0 || hole < 0) throw system_error(errno, "find its data", path);
      read_range(fd.get(), data, hole, path);
      begin = hole;
    }
    (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  }

  // Holes hold nothing that could be damaged, and may be of any size.
  void read_range(int fd, off_t begin, off_t end, const std::string& path) {
    while (begin < end) {
      if (cancellation_ != nullptr) cancellation_->check();
      const auto wanted = static_cast<std::size_t>(
          std::min<off_t>(static_cast<off_t>(buffer_.size()), end - begin));
      const ssize_t size = ::pread(fd, buffer_.data(), wanted, begin);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw system_error(errno, "read", path);
      if (size == 0) throw system_error(EIO, "read to its end", path);
      if (progress_ != nullptr) progress_->bytes += static_cast<std::uint64_t>(size);
      begin += size;
    }
  }

  Progress* progress_;
  const Cancellation* cancellation_;
  Bytes buffer_;
  platform::Fd directory_;
  std::string path_;            // of `directory_`, from the root
  std::size_t path_above_ = 0;  // the size of the path of the one above
  std::vector<Level> levels_;
  std::vector<Unreadable> unreadable_;
};

}  // namespace

std::vector<Unreadable> read_back(int root, Progress* progress, const Cancellation* cancellation) {
  Reader reader(progress, cancellation);
  reader.read_all(root);
  return reader.take();
}

}  // namespace snapferry::btrfs
