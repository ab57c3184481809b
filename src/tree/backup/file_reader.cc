#include "tree/backup/file_reader.h"

#include <algorithm>

namespace snapferry::tree {

ByteView FileReader::read_small(SourceFile& file, std::size_t size) {
  if (buffer_.size() < size + 1) buffer_.resize(kSmallFile + 1);
  return ByteView(buffer_).first(file.read(buffer_.data(), size + 1, 0));
}

bool FileReader::has_more(SourceFile& file, std::uint64_t offset) {
  std::uint8_t byte;
  return file.read(&byte, 1, offset) == 1;
}

bool FileReader::read_data(ChunkPipeline& pipeline, SourceFile& file, DataSpan data, Holes holes,
                           std::uint64_t& bytes_read) {
  std::uint64_t begin = data.begin;
  const auto read = [&](std::uint8_t* buffer, std::size_t size) {
    const std::size_t wanted = std::min<std::uint64_t>(size, data.end - begin);
    const std::size_t got = file.read(buffer, wanted, begin);
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
  return begin == data.end;
}

Content FileReader::read(SourceFile& file, std::uint64_t size, Holes holes,
                         std::uint64_t& bytes_read) {
  ChunkPipeline pipeline(context_.queue, context_.sink, buffer_);
  file.expect_reading();
  for (std::uint64_t offset = 0; offset < size;) {
    const DataSpan data =
        holes == Holes::Told ? file.next_data(offset, size) : DataSpan{offset, size};
    if (data.begin > offset) pipeline.add_hole(data.begin - offset);
    if (data.end > data.begin && !read_data(pipeline, file, data, holes, bytes_read)) {
      break;
    }
    offset = data.end;
  }
  return pipeline.finish();
}

}  // namespace snapferry::tree
