#include "repository/known_state.h"

#include <algorithm>

namespace snapferry::repository {
namespace {

constexpr std::uint8_t kKnownStateVersion = 1;

// The cache keeps the manifest under the id of the snapshot; this lies beside it.
ObjectId key_of(ObjectId snapshot) {
  for (std::uint8_t& byte : snapshot.bytes) byte ^= 0xa5;
  return snapshot;
}

void write_ids(ByteWriter& out, const std::vector<ObjectId>& ids) {
  out.u32(static_cast<std::uint32_t>(ids.size()));
  for (const ObjectId& id : ids) out.raw(id.view());
}

bool read_ids(ByteReader& in, std::vector<ObjectId>& ids) {
  if (in.remaining() < sizeof(std::uint32_t)) return false;
  const std::uint32_t count = in.u32();
  if (count > in.remaining() / ObjectId::kSize) return false;
  ids.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    ids.push_back(ObjectId::from_bytes(in.raw(ObjectId::kSize)));
  }
  return std::ranges::is_sorted(ids);
}

}  // namespace

bool still_holds(const KnownState& then, const KnownState& now) {
  return std::ranges::includes(now.index_objects, then.index_objects) &&
         std::ranges::includes(then.losses, now.losses);
}

Bytes encode_known_state(const KnownState& state) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kKnownStateVersion);
  write_ids(out, state.index_objects);
  write_ids(out, state.losses);
  return bytes;
}

std::optional<KnownState> decode_known_state(ByteView bytes) {
  ByteReader in(bytes, "known state");
  KnownState state;
  if (in.at_end() || in.u8() != kKnownStateVersion || !read_ids(in, state.index_objects) ||
      !read_ids(in, state.losses) || !in.at_end()) {
    return std::nullopt;
  }
  return state;
}

void remember_state(ObjectCache& cache, const ObjectId& snapshot, const KnownState& state) {
  cache.put(key_of(snapshot), encode_known_state(state));
}

std::optional<KnownState> recall_state(ObjectCache& cache, const ObjectId& snapshot) {
  const auto bytes = cache.get(key_of(snapshot));
  return bytes ? decode_known_state(*bytes) : std::nullopt;
}

}  // namespace snapferry::repository
