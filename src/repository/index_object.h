#pragma once

#include <vector>

#include "core/bytes.h"
#include "repository/pack.h"

namespace snapferry::repository {

// The payload of an index object: the tables of contents of some packs.
Bytes encode_index(const std::vector<PackRecords>& packs);

// Throws Corrupt naming `subject`.
std::vector<PackRecords> decode_index(ByteView bytes, std::string_view subject);

// An index object is written once it would have this many records.
inline constexpr std::size_t kIndexTarget = 1u << 16;

}  // namespace snapferry::repository
