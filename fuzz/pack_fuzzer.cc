// A pack, whose table of contents is made authentic first, so that reading it is reached.
//
//   input := u8 what to do, bytes
//
// Bit 0: the bytes are the records of a table of contents, which is sealed; otherwise
// they are the end of a pack. The other bits cut the end short. Pieces of what is read
// lie one behind the other and fill the pack; none opens.

#include "expect.h"
#include "repository/pack.h"

namespace {

using namespace snapferry;
using namespace snapferry::repository;

constexpr std::size_t kHeaderSize = 8;

std::uint64_t size_of_pieces(ByteView records) {
  constexpr std::size_t kRecordSize = 32 + 1 + 4 + 4;
  std::uint64_t size = 0;
  for (std::size_t at = 0; at + kRecordSize <= records.size(); at += kRecordSize) {
    std::uint32_t stored;
    std::memcpy(&stored, records.data() + at + 33, sizeof stored);
    size += stored;
  }
  return size;
}

// The table of contents as FORMAT.md has it, behind as much of a pack as it describes.
Bytes seal_toc(const Key& master, const ObjectId& pack, ByteView records) {
  Bytes tail;
  Sealer(master.derive("pack", pack.view()), Sealing::Encrypt)
      .seal(nonce_of(~std::uint64_t{0}), as_bytes("toc"), records, {}, tail);
  const auto length = static_cast<std::uint32_t>(tail.size());
  ByteWriter out(tail);
  out.u32(length);
  out.raw(as_bytes("SFPE"));
  return tail;
}

void check(PieceOpener& opener, const PackRecords& records, std::uint64_t size, std::size_t toc) {
  std::uint64_t offset = kHeaderSize;
  for (const PieceRecord& piece : records.pieces) {
    fuzz::require(is_bounded(piece) && piece.offset == offset);
    offset += piece.stored_length;
  }
  fuzz::require(offset + toc == size);
  if (records.pieces.empty() || records.pieces[0].stored_length > 4096) return;
  Bytes coded;
  fuzz::require(
      !opener.open(records.pack, records.pieces[0], Bytes(records.pieces[0].stored_length), coded));
}

void read(ByteView tail, std::uint64_t size, std::size_t cut) {
  PieceOpener opener(Key(), Sealing::Encrypt);
  PackRecords records;
  std::size_t needed = 0;
  fuzz::corrupt_at_most([&] {
    const ByteView end = tail.last(tail.size() - std::min(cut, tail.size()));
    if (!opener.open_toc(ObjectId{}, end, size, records, needed)) {
      fuzz::require(needed > end.size() && needed <= size);
      if (needed > tail.size()) return;
      fuzz::require(opener.open_toc(ObjectId{}, tail.last(needed), size, records, needed));
    }
    check(opener, records, size, needed);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  const std::size_t cut = data[0] >> 1;
  (void)is_pack_header(bytes);
  if ((data[0] & 1) == 0) {
    read(bytes, bytes.size(), cut);
    return 0;
  }
  const Bytes tail = seal_toc(Key(), ObjectId{}, bytes);
  read(tail, kHeaderSize + size_of_pieces(bytes) + tail.size(), cut);
  return 0;
}
