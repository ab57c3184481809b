#include "repository/ended.h"

#include <algorithm>

#include "core/error.h"
#include "repository/stored_time.h"

namespace snapferry::repository {
namespace {

constexpr std::uint8_t kEndedVersion = 1;

std::vector<ObjectId> take_ids(ByteReader& in) {
  const std::uint32_t count = in.u32();
  if (count > in.remaining() / ObjectId::kSize) in.fail("ends too early");
  std::vector<ObjectId> ids;
  ids.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    ids.push_back(ObjectId::from_bytes(in.raw(ObjectId::kSize)));
  }
  return ids;
}

}  // namespace

Bytes encode_ended(const Ended& ended) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kEndedVersion);
  out.u8(static_cast<std::uint8_t>(ended.stage));
  put_time(out, ended.time);
  out.sized(as_bytes(ended.reason));
  out.u32(static_cast<std::uint32_t>(ended.claims.size()));
  for (const Ended::Claim& claim : ended.claims) {
    out.raw(claim.id.view());
    out.u32(static_cast<std::uint32_t>(claim.manifests.size()));
    for (const ObjectId& manifest : claim.manifests) out.raw(manifest.view());
  }
  return bytes;
}

Ended decode_ended(ByteView bytes, std::string_view subject) {
  ByteReader in(bytes, subject);
  if (in.u8() != kEndedVersion) in.fail("has a version that this program does not know");
  Ended ended;
  const std::uint8_t stage = in.u8();
  if (stage < 1 || stage > 2) in.fail("stage is unknown");
  ended.stage = static_cast<EndingStage>(stage);
  ended.time.seconds = in.i64();
  ended.time.nanoseconds = in.u32();
  ended.reason = as_text(in.sized());
  for (std::uint32_t count = in.u32(); count > 0; --count) {
    Ended::Claim claim;
    claim.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    claim.manifests = take_ids(in);
    ended.claims.push_back(std::move(claim));
  }
  in.expect_end();
  return ended;
}

void Endings::add(const Ended& ended) {
  for (const Ended::Claim& claim : ended.claims) {
    if (ended.stage == EndingStage::Intent) {
      intents_.insert(claim.id);
      continue;
    }
    const std::set<ObjectId> listed(claim.manifests.begin(), claim.manifests.end());
    const auto [known, is_first] = finals_.try_emplace(claim.id, listed);
    if (is_first) continue;
    std::erase_if(known->second, [&](const ObjectId& id) { return !listed.contains(id); });
  }
}

bool Endings::name(const ObjectId& claim) const {
  return intents_.contains(claim) || finals_.contains(claim);
}

bool Endings::make_void(const ObjectId& claim, const ObjectId& manifest) const {
  const auto found = finals_.find(claim);
  return found != finals_.end() && !found->second.contains(manifest);
}

Ended Endings::merged_finals() const {
  Ended merged;
  merged.stage = EndingStage::Final;
  merged.reason = "merged";
  for (const auto& [claim, manifests] : finals_) {
    merged.claims.push_back({claim, {manifests.begin(), manifests.end()}});
  }
  return merged;
}

std::vector<EndedObject> read_ended(const SealedObjects& objects, ObjectCache* cache) {
  for (;;) {
    std::vector<EndedObject> all;
    bool vanished = false;
    for (const ObjectId& id : objects.list(ObjectType::Ended)) {
      try {
        auto bytes = cache != nullptr ? cache->get(id) : std::nullopt;
        if (!bytes) {
          bytes = objects.get(ObjectType::Ended, id);
          if (cache != nullptr) cache->put(id, *bytes);
        }
        all.push_back({id, decode_ended(*bytes, object_name(ObjectType::Ended, id))});
      } catch (const Error& error) {
        // Merged meanwhile into one that the listing may not have shown: look again.
        if (error.kind() == ErrorKind::NotFound) vanished = true;
        if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
      }
    }
    if (!vanished) return all;
  }
}

Endings read_endings(const SealedObjects& objects, ObjectCache* cache) {
  Endings endings;
  for (const EndedObject& object : read_ended(objects, cache)) endings.add(object.ended);
  return endings;
}

}  // namespace snapferry::repository
