#include "repository/index_object.h"

namespace snapferry::repository {

namespace {
constexpr std::uint32_t kFirstOffset = 8;  // pieces begin behind the header of the pack
constexpr std::size_t kBlobRecordSize = ObjectId::kSize + 1 + 4 + 4;
}  // namespace

Bytes encode_index(const std::vector<PackRecords>& packs) {
  Bytes bytes;
  ByteWriter out(bytes);
  for (const PackRecords& pack : packs) {
    out.raw(pack.pack.view());
    out.u64(pack.size);
    out.u32(static_cast<std::uint32_t>(pack.pieces.size()));
    for (const PieceRecord& piece : pack.pieces) {
      out.raw(piece.id.view());
      out.u8(static_cast<std::uint8_t>(piece.kind));
      out.u32(piece.stored_length);
      out.u32(piece.plain_length);
    }
  }
  return bytes;
}

std::vector<PackRecords> decode_index(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  std::vector<PackRecords> packs;
  while (!in.at_end()) {
    PackRecords pack;
    pack.pack = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    const std::uint64_t size = in.u64();
    if (size > ~std::uint32_t{0}) in.fail("pack is too large");
    pack.size = static_cast<std::uint32_t>(size);
    const std::uint32_t count = in.u32();
    if (count > in.remaining() / kBlobRecordSize) in.fail("ends too early");
    pack.pieces.reserve(count);
    std::uint64_t offset = kFirstOffset;
    for (std::uint32_t i = 0; i < count; ++i) {
      PieceRecord piece;
      piece.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
      const std::uint8_t kind = in.u8();
      if (kind < 1 || kind > 3) in.fail("kind is unknown");
      piece.kind = static_cast<ObjectKind>(kind);
      piece.offset = static_cast<std::uint32_t>(offset);
      piece.stored_length = in.u32();
      piece.plain_length = in.u32();
      if (!is_bounded(piece)) in.fail("piece has an impossible length");
      offset += piece.stored_length;
      if (offset > pack.size) in.fail("pieces are longer than their pack");
      pack.pieces.push_back(piece);
    }
    packs.push_back(std::move(pack));
  }
  return packs;
}

}  // namespace snapferry::repository
