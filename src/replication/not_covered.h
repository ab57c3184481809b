#pragma once

#include <string>
#include <vector>

#include "core/volume.h"

namespace snapferry::replication {

// The volumes below those that `patterns` cover which no pattern covers and nobody excludes,
// ascending: what they hold is not in the copy. Two listings of the source, and none where every
// pattern is recursive. Throws what Source::inventory() throws.
std::vector<std::string> not_covered(Source& source, const std::vector<std::string>& patterns);

}  // namespace snapferry::replication
