#pragma once

#include <string>

#include "cli/context.h"

namespace snapferry::cli {

// Throws InvalidArgument where `path` is the directory of the store of this command or lies below
// it, by whatever name: "`path`: lies in the store ...; `next`". The last part of `path` need not
// exist, and is followed if it is a symlink. Stores that are no directory here hold no path.
void require_outside_store(const Context& context, const std::string& path,
                           const std::string& next);

}  // namespace snapferry::cli
