#include "repository/pack.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "repository/object_name.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kPackMagic = "SFPK";
constexpr std::string_view kEndMagic = "SFPE";
constexpr std::uint8_t kPackVersion = 1;
constexpr std::size_t kHeaderSize = kPackHeaderSize;
constexpr std::size_t kTrailerSize = 8;
constexpr std::size_t kContentsRecordSize = ObjectId::kSize + 1 + 4 + 4;
constexpr std::size_t kTailGuess = 64 << 10;
constexpr std::uint64_t kTocNumber = ~std::uint64_t{0};
constexpr std::string_view kTocLabel = "toc";

struct PieceAad {
  std::array<std::uint8_t, 1 + ObjectId::kSize> bytes;
  PieceAad(ObjectKind kind, const ObjectId& id) {
    bytes[0] = static_cast<std::uint8_t>(kind);
    std::ranges::copy(id.bytes, bytes.begin() + 1);
  }
};

bool is_kind(std::uint8_t kind) { return kind >= 1 && kind <= 3; }

}  // namespace

PackBuilder::PackBuilder(PackContent content, const Key& master, Sealing sealing, Bytes buffer)
    : records_{random_id(), 0, {}},
      sealer_(master.derive("pack", records_.pack.view()), sealing),
      bytes_(std::move(buffer)) {
  bytes_.clear();
  ByteWriter out(bytes_);
  out.raw(as_bytes(kPackMagic));
  out.u8(kPackVersion);
  out.u8(static_cast<std::uint8_t>(content));
  out.u16(0);
}

void PackBuilder::add(ObjectKind kind, const ObjectId& id, const Compressed& compressed,
                      std::size_t plain_length) {
  const auto codec = static_cast<std::uint8_t>(compressed.codec);
  add_parts(kind, id, ByteView(&codec, 1), compressed.payload, plain_length);
}

void PackBuilder::add_coded(ObjectKind kind, const ObjectId& id, ByteView coded,
                            std::size_t plain_length) {
  add_parts(kind, id, coded, {}, plain_length);
}

void PackBuilder::add_parts(ObjectKind kind, const ObjectId& id, ByteView first, ByteView second,
                            std::size_t plain_length) {
  const std::size_t offset = bytes_.size();
  sealer_.seal(nonce_of(offset), PieceAad(kind, id).bytes, first, second, bytes_);
  records_.pieces.push_back({id, kind, static_cast<std::uint32_t>(offset),
                             static_cast<std::uint32_t>(bytes_.size() - offset),
                             static_cast<std::uint32_t>(plain_length)});
}

PackBuilder::Finished PackBuilder::finish() {
  Bytes toc;
  toc.reserve(records_.pieces.size() * kContentsRecordSize);
  ByteWriter toc_out(toc);
  for (const PieceRecord& piece : records_.pieces) {
    toc_out.raw(piece.id.view());
    toc_out.u8(static_cast<std::uint8_t>(piece.kind));
    toc_out.u32(piece.stored_length);
    toc_out.u32(piece.plain_length);
  }
  sealer_.seal(nonce_of(kTocNumber), as_bytes(kTocLabel), toc, {}, bytes_);
  ByteWriter out(bytes_);
  out.u32(static_cast<std::uint32_t>(toc.size() + kTagSize));
  out.raw(as_bytes(kEndMagic));
  records_.size = static_cast<std::uint32_t>(bytes_.size());
  return {std::move(bytes_), std::move(records_)};
}

Sealer& PieceOpener::sealer(const ObjectId& pack) {
  if (current_sealer_.empty() || current_ != pack) {
    current_sealer_.clear();
    current_sealer_.emplace_back(master_.derive("pack", pack.view()), sealing_);
    current_ = pack;
  }
  return current_sealer_.front();
}

bool PieceOpener::open(const ObjectId& pack, const PieceRecord& piece, ByteView stored,
                       Bytes& coded) {
  return sealer(pack).open(nonce_of(piece.offset), PieceAad(piece.kind, piece.id).bytes, stored,
                           coded);
}

bool PieceOpener::open_toc(const ObjectId& pack, ByteView tail, std::uint64_t size,
                           PackRecords& records, std::size_t& needed) {
  const std::string name = object_name(ObjectType::Pack, pack);
  const auto fail = [&](const char* cause) {
    throw Error(ErrorKind::Corrupt, name + ": " + cause);
  };
  if (size < kHeaderSize + kTagSize + kTrailerSize || tail.size() < kTrailerSize) {
    fail("is too short for a pack");
  }
  ByteReader trailer(tail.last(kTrailerSize), name);
  const std::uint32_t toc_length = trailer.u32();
  if (as_text(trailer.raw(4)) != kEndMagic) fail("does not end like a pack");
  if (toc_length < kTagSize || toc_length > size - kHeaderSize - kTrailerSize) {
    fail("has a table of contents of impossible length");
  }
  needed = toc_length + kTrailerSize;
  if (tail.size() < needed) return false;
  Bytes toc;
  if (!sealer(pack).open(nonce_of(kTocNumber), as_bytes(kTocLabel),
                         tail.subspan(tail.size() - needed, toc_length), toc)) {
    fail("has a damaged table of contents (authentication failed)");
  }
  records = {pack, static_cast<std::uint32_t>(size), {}};
  ByteReader in(toc, name);
  std::uint64_t offset = kHeaderSize;
  while (!in.at_end()) {
    PieceRecord piece;
    piece.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    const std::uint8_t kind = in.u8();
    if (!is_kind(kind)) in.fail("kind is unknown");
    piece.kind = static_cast<ObjectKind>(kind);
    piece.offset = static_cast<std::uint32_t>(offset);
    piece.stored_length = in.u32();
    piece.plain_length = in.u32();
    if (!is_bounded(piece)) in.fail("piece has an impossible length");
    offset += piece.stored_length;
    if (offset + needed > size) in.fail("pieces are longer than the pack");
    records.pieces.push_back(piece);
  }
  if (offset + needed != size) in.fail("pieces do not fill the pack");
  return true;
}

bool is_pack_header(ByteView pack) {
  return pack.size() >= kHeaderSize && as_text(pack.first(kPackMagic.size())) == kPackMagic &&
         pack[4] == kPackVersion && (pack[5] == 1 || pack[5] == 2) && pack[6] == 0 && pack[7] == 0;
}

PackRecords read_toc(blob::Storage& storage, PieceOpener& opener, const ObjectId& pack) {
  const std::string name = object_name(ObjectType::Pack, pack);
  const std::uint64_t size = storage.info(name).size;
  PackRecords records;
  std::size_t needed = 0;
  if (opener.open_toc(pack, storage.get_tail(name, kTailGuess), size, records, needed)) {
    return records;
  }
  if (opener.open_toc(pack, storage.get_tail(name, needed), size, records, needed)) return records;
  throw Error(ErrorKind::Corrupt, name + ": changed while it was read");
}

}  // namespace snapferry::repository
