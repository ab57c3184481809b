// The payload of an index object. What decodes must encode to the same bytes, and lies
// within its packs.

#include "expect.h"
#include "repository/index_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace snapferry;
  using namespace snapferry::repository;
  fuzz::corrupt_at_most([&] {
    const auto packs = decode_index(ByteView(data, size), "index/0");
    fuzz::require(fuzz::same(encode_index(packs), {data, size}));
    for (const PackRecords& pack : packs) {
      for (const PieceRecord& piece : pack.pieces) {
        fuzz::require(is_bounded(piece));
        fuzz::require(std::uint64_t{piece.offset} + piece.stored_length <= pack.size);
      }
    }
  });
  return 0;
}
