#include "tree/file_reader.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::tree {
namespace {

// The next byte of data (or hole) at or after `offset`; `end` if there is none before it.
// A filesystem that cannot tell has data everywhere.
std::uint64_t seek(int fd, std::uint64_t offset, std::uint64_t end, int whence,
                   std::string_view subject) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
  if (errno == ENXIO) return end;
  if (errno == EINVAL || errno == EOPNOTSUPP) return whence == SEEK_DATA ? offset : end;
  throw system_error(errno, "look for holes", subject);
}

}  // namespace

ByteView FileReader::read_small(int fd, std::size_t size, std::string_view subject) {
  if (buffer_.size() < size) buffer_.resize(kSmallFile);
  return ByteView(buffer_).first(platform::pread_up_to(fd, buffer_.data(), size, 0, subject));
}

void FileReader::read_data(ChunkPipeline& pipeline, int fd, std::uint64_t begin, std::uint64_t end,
                           std::string_view subject, std::uint64_t& bytes_read) {
  const auto read = [&](std::uint8_t* buffer, std::size_t size) {
    const std::size_t wanted = std::min<std::uint64_t>(size, end - begin);
    const std::size_t got = platform::pread_up_to(fd, buffer, wanted, begin, subject);
    begin += got;
    bytes_read += got;
    return got;
  };
  Progress* progress = context_.options.progress;
  pipeline.add(read, [progress](std::size_t size) {
    if (progress != nullptr) progress->bytes.fetch_add(size, std::memory_order_relaxed);
  });
}

Content FileReader::read(int fd, std::uint64_t size, bool sparse, std::string_view subject,
                         std::uint64_t& bytes_read) {
  ChunkPipeline pipeline(context_.queue, context_.sink, buffer_);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  for (std::uint64_t offset = 0; offset < size;) {
    const std::uint64_t data = sparse ? seek(fd, offset, size, SEEK_DATA, subject) : offset;
    if (data > offset) pipeline.add_hole(data - offset);
    const std::uint64_t hole =
        sparse && data < size ? seek(fd, data, size, SEEK_HOLE, subject) : size;
    if (hole > data) read_data(pipeline, fd, data, hole, subject, bytes_read);
    offset = hole;
  }
  return pipeline.finish();
}

}  // namespace snapferry::tree
