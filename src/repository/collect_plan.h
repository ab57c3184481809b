#pragma once

#include <cstdint>
#include <vector>

#include "core/object_id.h"
#include "repository/pack.h"

namespace snapferry::repository {

// What is in a pack, by what snapshots reference.
struct PackUse {
  ObjectId pack;
  PackContent content = PackContent::Data;
  bool condemned = false;
  bool damaged = false;      // holds copies that were recorded as damaged, none of them needed
  std::uint64_t used = 0;    // stored bytes of pieces that are needed from this pack
  std::uint64_t unused = 0;  // of all others
};

enum class PackDecision {
  Keep,
  Remove,   // nothing in it is needed
  Rewrite,  // what is needed goes to a new pack, then it is removed
};

// Pure: one decision for each pack, in order. A pack is rewritten when more than
// `max_unused` of it is not needed, when it is condemned or damaged and yet needed, or with
// others of its kind when there are many small ones.
std::vector<PackDecision> plan_collect(const std::vector<PackUse>& packs, double max_unused);

// Pure: packs that are to be rewritten, in parts of which each has at most `most` bytes to write,
// or is one pack. Those that free most for what they need come first, so that a store with little
// room gains some early.
std::vector<std::vector<PackUse>> plan_batches(std::vector<PackUse> packs, std::uint64_t most);

// Whether a prune may remove packs that it condemned: P5 and P6 of FORMAT.md. Pure; `seen` and
// `listed` ascend.
bool may_remove(std::size_t other_claims, bool own_claim_is_intact,
                const std::vector<ObjectId>& seen, const std::vector<ObjectId>& listed);

}  // namespace snapferry::repository
