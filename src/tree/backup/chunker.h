#pragma once

#include <cstddef>

#include "core/bytes.h"

namespace snapferry::tree {

// The sizes of the chunks that files are cut into. Changing them, or the table
// behind the chunker, makes every changed file new to a repository.
struct ChunkSizes {
  std::size_t minimum = 256u << 10;
  std::size_t average = 1u << 20;  // a power of two
  std::size_t maximum = 4u << 20;
};
inline constexpr ChunkSizes kChunkSizes{};

// Files up to this size are one chunk.
inline constexpr std::size_t kSmallFile = 512u << 10;

// The length of the first chunk of `bytes`, which are all that is left of the data or
// at least `sizes.maximum`. Borders follow from the 64 bytes before them alone, so that
// an insertion or deletion moves only the chunks around it; after FastCDC (Xia et al.,
// USENIX ATC 2016) with a gear hash, and a mask that is harder to meet before the
// average size than after it. At most `bytes.size()`; 0 only for no bytes.
std::size_t first_chunk(ByteView bytes, const ChunkSizes& sizes = kChunkSizes);

}  // namespace snapferry::tree
