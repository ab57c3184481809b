#include "tree/backup/file_reader.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::tree {
namespace {

struct DataSpan {
  std::uint64_t begin;
  std::uint64_t end;
};

// The next byte of data (or hole) at or after `offset`; `end` if there is none before it.
// A filesystem that cannot tell has data everywhere.
std::uint64_t seek(int fd, std::uint64_t offset, std::uint64_t end, int whence,
                   std::string_view subject) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
  if (errno == ENXIO) return end;
  if (errno == EINVAL || errno == EOPNOTSUPP || errno == ESPIPE) {
    return whence == SEEK_DATA ? offset : end;
  }
  throw system_error(errno, "look for holes", subject);
}

// Where the filesystem says that there is data next. What makes no sense counts as data.
DataSpan next_data(int fd, std::uint64_t offset, std::uint64_t end, std::string_view subject) {
  const std::uint64_t data = seek(fd, offset, end, SEEK_DATA, subject);
  if (data < offset) return {offset, end};
  if (data == end) return {end, end};
  const std::uint64_t hole = seek(fd, data, end, SEEK_HOLE, subject);
  return {data, hole > data ? hole : end};
}

}  // namespace

ByteView FileReader::read_small(int fd, std::size_t size, std::string_view subject) {
  if (buffer_.size() < size + 1) buffer_.resize(kSmallFile + 1);
  return ByteView(buffer_).first(platform::pread_up_to(fd, buffer_.data(), size + 1, 0, subject));
}

bool FileReader::has_more(int fd, std::uint64_t offset, std::string_view subject) {
  std::uint8_t byte;
  return platform::pread_up_to(fd, &byte, 1, offset, subject) == 1;
}

bool FileReader::read_data(ChunkPipeline& pipeline, int fd, std::uint64_t begin, std::uint64_t end,
                           Holes holes, std::string_view subject, std::uint64_t& bytes_read) {
  const auto read = [&](std::uint8_t* buffer, std::size_t size) {
    const std::size_t wanted = std::min<std::uint64_t>(size, end - begin);
    const std::size_t got = platform::pread_up_to(fd, buffer, wanted, begin, subject);
    begin += got;
    bytes_read += got;
    return got;
  };
  Progress* progress = context_.options.progress;
  pipeline.add(
      read,
      [progress](std::size_t size) {
        if (progress != nullptr) progress->bytes.fetch_add(size, std::memory_order_relaxed);
      },
      holes == Holes::Zeros ? ChunkPipeline::Zeros::AreHoles : ChunkPipeline::Zeros::AreData);
  return begin == end;
}

Content FileReader::read(int fd, std::uint64_t size, Holes holes, std::string_view subject,
                         std::uint64_t& bytes_read) {
  ChunkPipeline pipeline(context_.queue, context_.sink, buffer_);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  for (std::uint64_t offset = 0; offset < size;) {
    const DataSpan data =
        holes == Holes::Told ? next_data(fd, offset, size, subject) : DataSpan{offset, size};
    if (data.begin > offset) pipeline.add_hole(data.begin - offset);
    if (data.end > data.begin &&
        !read_data(pipeline, fd, data.begin, data.end, holes, subject, bytes_read)) {
      break;
    }
    offset = data.end;
  }
  return pipeline.finish();
}

}  // namespace snapferry::tree
