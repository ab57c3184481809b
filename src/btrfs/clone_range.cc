#include "btrfs/clone_range.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"

namespace snapferry::btrfs {
namespace {

constexpr off_t kCopySize = 1 << 20;

// What a clone could be refused for that a copy would carry out all the same.
bool is_wrong_in_itself(int to, const file_clone_range& range) {
  struct stat source {};
  struct stat target {};
  if (::fstat(static_cast<int>(range.src_fd), &source) != 0 || ::fstat(to, &target) != 0) {
    return true;
  }
  const auto size = static_cast<std::uint64_t>(source.st_size);
  if (range.src_offset > size || range.src_length > size - range.src_offset) return true;
  const bool one_file = source.st_dev == target.st_dev && source.st_ino == target.st_ino;
  const auto distance =
      std::max(range.src_offset, range.dest_offset) - std::min(range.src_offset, range.dest_offset);
  return one_file && distance < range.src_length;
}

// Copies one file to another, at offsets that differ by `shift`.
class Copier {
 public:
  Copier(int from, int to, off_t shift)
      : from_(from), to_(to), shift_(shift), buffer_(static_cast<std::size_t>(kCopySize)) {}

  // 0 or the errno, as all of these.
  int copy(off_t begin, off_t end) {
    if (const int error = extend(end + shift_)) return error;
    while (begin < end) {
      off_t data = ::lseek(from_, begin, SEEK_DATA);
      if (data < 0 && errno == ENXIO) data = end;  // a hole to the end
      if (data < 0) return errno;
      data = std::min(data, end);
      if (const int error = make_hole(begin, data)) return error;
      if (data == end) return 0;
      const off_t hole = ::lseek(from_, data, SEEK_HOLE);
      if (hole < 0) return errno;
      begin = std::min(hole, end);
      if (const int error = copy_data(data, begin)) return error;
    }
    return 0;
  }

 private:
  int extend(off_t size) const {
    struct stat status {};
    if (::fstat(to_, &status) != 0) return errno;
    if (status.st_size >= size) return 0;
    return ::ftruncate(to_, size) == 0 ? 0 : errno;
  }

  int make_hole(off_t begin, off_t end) const {
    if (begin == end) return 0;
    constexpr int kMode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return ::fallocate(to_, kMode, begin + shift_, end - begin) == 0 ? 0 : errno;
  }

  int copy_data(off_t begin, off_t end) {
    while (begin < end) {
      const auto wanted = static_cast<std::size_t>(std::min(kCopySize, end - begin));
      const auto size = ::pread(from_, buffer_.data(), wanted, begin);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return size < 0 ? errno : EIO;
      for (ssize_t done = 0; done < size;) {
        const auto written = ::pwrite(to_, buffer_.data() + done,
                                      static_cast<std::size_t>(size - done), begin + shift_ + done);
        if (written < 0 && errno != EINTR) return errno;
        if (written > 0) done += written;
      }
      begin += size;
    }
    return 0;
  }

  int from_;
  int to_;
  off_t shift_;
  Bytes buffer_;
};

}  // namespace

int clone_range(int to, const file_clone_range& range) {
  if (::ioctl(to, FICLONERANGE, &range) == 0) return 0;
  if (errno != EINVAL) return errno;
  if (is_wrong_in_itself(to, range)) return EINVAL;
  const auto begin = static_cast<off_t>(range.src_offset);
  Copier copier(static_cast<int>(range.src_fd), to, static_cast<off_t>(range.dest_offset) - begin);
  return copier.copy(begin, begin + static_cast<off_t>(range.src_length));
}

}  // namespace snapferry::btrfs
