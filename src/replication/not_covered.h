#pragma once

#include <string>
#include <vector>

#include "core/volume.h"

namespace snapferry::replication {

// The volumes below those that `patterns` cover which nobody excludes and which are none of
// `covered`, which is what the source listed for the patterns; ascending. What they hold is not in
// the copy. One listing of the source, and none where every pattern is recursive. Throws what
// Source::inventory() throws.
std::vector<std::string> not_covered(Source& source, const std::vector<std::string>& patterns,
                                     const std::vector<VolumeState>& covered);

}  // namespace snapferry::replication
