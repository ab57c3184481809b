#pragma once

#include <string_view>

#include "tree/backup/chunk_pipeline.h"
#include "tree/backup/walk_context.h"

namespace snapferry::tree {

// How the holes of a file are found.
enum class Holes {
  None,   // all of it is read and kept as data
  Told,   // by the filesystem, which is believed
  Zeros,  // all of it is read, and long runs of zeros become holes
};

// Reads the content of open files. One for each worker, for the sake of its buffer.
class FileReader {
 public:
  explicit FileReader(WalkContext& context) : context_(context) {}

  // The first `size` bytes (at most kSmallFile) and one more, or fewer if there are no more; valid
  // until the next call. Throws as system_error.
  ByteView read_small(int fd, std::size_t size, std::string_view subject);

  // Puts the first `size` bytes as chunks, or fewer if there are no more. `bytes_read` grows by
  // the data. Throws as system_error, and what the sink throws.
  Content read(int fd, std::uint64_t size, Holes holes, std::string_view subject,
               std::uint64_t& bytes_read);

  // Whether there is a byte at `offset`, which is the end by what was said.
  static bool has_more(int fd, std::uint64_t offset, std::string_view subject);

 private:
  // False if it ended before `end`.
  bool read_data(ChunkPipeline& pipeline, int fd, std::uint64_t begin, std::uint64_t end,
                 Holes holes, std::string_view subject, std::uint64_t& bytes_read);

  WalkContext& context_;
  Bytes buffer_;
};

}  // namespace snapferry::tree
