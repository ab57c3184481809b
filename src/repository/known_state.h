#pragma once

#include <optional>
#include <vector>

#include "core/object_id.h"
#include "repository/object_cache.h"

namespace snapferry::repository {

// What the content of a snapshot was found in when it was committed. It saves looking up again
// all that a backup takes over unread: while every index object that was there still is, and
// nothing more is known to be lost, each piece of the snapshot has a copy in a pack that the
// storage lists as long as recorded.
struct KnownState {
  std::vector<ObjectId> index_objects;  // ascending
  std::vector<ObjectId> losses;         // missing packs and damaged copies; ascending

  bool operator==(const KnownState&) const = default;
};

// Pure: whether what was found in `then` is still to be found in `now`.
bool still_holds(const KnownState& then, const KnownState& now);

Bytes encode_known_state(const KnownState& state);
// nullopt if it is none.
std::optional<KnownState> decode_known_state(ByteView bytes);

// Remembered in the local cache, by snapshot. Losing it costs looking up.
void remember_state(ObjectCache& cache, const ObjectId& snapshot, const KnownState& state);
std::optional<KnownState> recall_state(ObjectCache& cache, const ObjectId& snapshot);

}  // namespace snapferry::repository
