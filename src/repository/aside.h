#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "blob/storage.h"

namespace snapferry::repository {

// What repair found damaged, kept out of its place (FORMAT.md, "Damage").
inline constexpr std::string_view kAsideDirectory = "aside";

// "aside/packs-3f…" of "packs/3f…".
std::string aside_name(std::string_view object);

// Those that have been there for 90 days when the storage's clock says `now`; none where it has no
// clock, which is a `now` of 0.
std::vector<blob::ObjectInfo> old_asides(blob::Storage& storage, std::int64_t now);

}  // namespace snapferry::repository
