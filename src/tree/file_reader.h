#pragma once

#include <string_view>

#include "tree/chunk_pipeline.h"
#include "tree/walk_context.h"

namespace snapferry::tree {

// Reads the content of open files. One for each worker, for the sake of its buffer.
class FileReader {
 public:
  explicit FileReader(WalkContext& context) : context_(context) {}

  // The first `size` bytes (at most kSmallFile), or fewer if there are no more; valid
  // until the next call. Throws as system_error.
  ByteView read_small(int fd, std::size_t size, std::string_view subject);

  // Puts the first `size` bytes as chunks. With `sparse`, what the filesystem calls
  // holes become hole runs. `bytes_read` grows by the data. Throws as system_error, and
  // what the sink throws.
  Content read(int fd, std::uint64_t size, bool sparse, std::string_view subject,
               std::uint64_t& bytes_read);

 private:
  void read_data(ChunkPipeline& pipeline, int fd, std::uint64_t begin, std::uint64_t end,
                 std::string_view subject, std::uint64_t& bytes_read);

  WalkContext& context_;
  Bytes buffer_;
};

}  // namespace snapferry::tree
