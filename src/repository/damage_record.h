#pragma once

#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/entry.h"
#include "core/object_id.h"

namespace snapferry::repository {

// Under this id stands what is in no pack at all.
inline constexpr ObjectId kNowhere{};

// What was found damaged in one pack.
struct DamagedPack {
  ObjectId pack;
  std::vector<ObjectId> pieces;  // none: whatever is in it

  bool operator==(const DamagedPack&) const = default;
};

// The payload of a damage record (FORMAT.md, "Damage").
Bytes encode_damage_record(Timestamp time, const std::vector<DamagedPack>& packs);

// Throws Corrupt naming `subject`.
std::vector<DamagedPack> decode_damage_record(ByteView bytes, std::string_view subject);

}  // namespace snapferry::repository
