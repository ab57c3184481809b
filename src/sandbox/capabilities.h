#pragma once

#include <span>
#include <string>

#include "sandbox/sandbox.h"

namespace snapferry::sandbox {

// Keeps of this process's capabilities those in `keep` and drops all others from every set, the
// bounding set included, so that a program started by root gets no others either. Together with
// no-new-privileges that holds for file capabilities, too.
LayerReport reduce_capabilities(std::span<const int> keep);

// "CAP_SYS_ADMIN"; "CAP_99" for one that this program does not know.
std::string capability_name(int capability);

}  // namespace snapferry::sandbox
