#pragma once

#include <string>

#include "cli/context.h"

namespace snapferry::cli {

// SNAPFERRY_CACHE, else XDG_CACHE_HOME/snapferry, else HOME/.cache/snapferry, else
// /var/cache/snapferry for root; empty for others.
std::string cache_directory(const Io& io, bool is_root);

// Why nothing can be kept in the directory, which is made if it can be: "No space left on device";
// empty: something can.
std::string why_unusable(const std::string& directory);

// The directory of this user's cache. Where it cannot be used that is named once, as a warning, and
// stops nothing: what is in it may still be read, and all that a cache is for works without.
std::string cache_of(Context& context);

}  // namespace snapferry::cli
