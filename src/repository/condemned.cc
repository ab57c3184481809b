#include "repository/condemned.h"

#include "core/error.h"
#include "repository/stored_time.h"

namespace snapferry::repository {

Bytes encode_condemned(Timestamp time, const std::vector<ObjectId>& packs) {
  Bytes bytes;
  ByteWriter out(bytes);
  put_time(out, time);
  out.u32(static_cast<std::uint32_t>(packs.size()));
  for (const ObjectId& pack : packs) out.raw(pack.view());
  return bytes;
}

std::vector<ObjectId> decode_condemned(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  in.i64();
  in.u32();
  const std::uint32_t count = in.u32();
  if (count > in.remaining() / ObjectId::kSize) in.fail("ends too early");
  std::vector<ObjectId> packs;
  packs.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    packs.push_back(ObjectId::from_bytes(in.raw(ObjectId::kSize)));
  }
  in.expect_end();
  return packs;
}

CondemnedLists read_condemned(const SealedObjects& objects) {
  CondemnedLists result;
  for (const ObjectId& id : objects.list(ObjectType::Condemned)) {
    try {
      auto packs = decode_condemned(objects.get(ObjectType::Condemned, id),
                                    object_name(ObjectType::Condemned, id));
      result.packs.insert(packs.begin(), packs.end());
      result.lists.emplace(id, std::move(packs));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) continue;  // a prune finished meanwhile
      if (error.kind() != ErrorKind::Corrupt) throw;
      result.damaged.push_back(id);
    }
  }
  return result;
}

}  // namespace snapferry::repository
