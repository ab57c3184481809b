#pragma once

#include "tree/backup/chunk_pipeline.h"
#include "tree/backup/file_source.h"
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
  // until the next call. Throws as the source does.
  ByteView read_small(SourceFile& file, std::size_t size);

  // Puts the first `size` bytes as chunks, or fewer if there are no more. `bytes_read` grows by
  // the data. Throws as the source does, and what the sink throws.
  Content read(SourceFile& file, std::uint64_t size, Holes holes, std::uint64_t& bytes_read);

  // Whether there is a byte at `offset`, which is the end by what was said.
  static bool has_more(SourceFile& file, std::uint64_t offset);

 private:
  // False if it ended before.
  bool read_data(ChunkPipeline& pipeline, SourceFile& file, DataSpan data, Holes holes,
                 std::uint64_t& bytes_read);

  WalkContext& context_;
  Bytes buffer_;
};

}  // namespace snapferry::tree
