#include "repository/damage_record.h"

#include "repository/stored_time.h"

namespace snapferry::repository {
namespace {

constexpr std::uint8_t kDamageVersion = 1;
constexpr std::size_t kSmallestPack = ObjectId::kSize + sizeof(std::uint32_t);

}  // namespace

Bytes encode_damage_record(Timestamp time, const std::vector<DamagedPack>& packs) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kDamageVersion);
  put_time(out, time);
  out.u32(static_cast<std::uint32_t>(packs.size()));
  for (const DamagedPack& pack : packs) {
    out.raw(pack.pack.view());
    out.u32(static_cast<std::uint32_t>(pack.pieces.size()));
    for (const ObjectId& piece : pack.pieces) out.raw(piece.view());
  }
  return bytes;
}

std::vector<DamagedPack> decode_damage_record(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  if (in.u8() != kDamageVersion) in.fail("has a version that this program does not know");
  in.i64();
  in.u32();
  const std::uint32_t count = in.u32();
  if (count > in.remaining() / kSmallestPack) in.fail("ends too early");
  std::vector<DamagedPack> packs;
  packs.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    DamagedPack pack;
    pack.pack = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    const std::uint32_t pieces = in.u32();
    if (pieces > in.remaining() / ObjectId::kSize) in.fail("ends too early");
    if (pieces == 0 && pack.pack == kNowhere) in.fail("says that nothing is nowhere");
    pack.pieces.reserve(pieces);
    for (std::uint32_t piece = 0; piece < pieces; ++piece) {
      pack.pieces.push_back(ObjectId::from_bytes(in.raw(ObjectId::kSize)));
    }
    packs.push_back(std::move(pack));
  }
  in.expect_end();
  return packs;
}

}  // namespace snapferry::repository
