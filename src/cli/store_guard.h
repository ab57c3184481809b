#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"

namespace snapferry::cli {

// Throws InvalidArgument where `path` is the directory of the store of this command or lies below
// it, by whatever name: "`path`: lies in the store ...; `next`". The last part of `path` need not
// exist, and is followed if it is a symlink. Stores that are no directory here hold no path.
void require_outside_store(const Context& context, const std::string& path,
                           const std::string& next);

// The directories, by device and inode, in which the store of this command and the cache are; those
// that are there.
std::vector<std::pair<std::uint64_t, std::uint64_t>> own_directories(const Context& context);

}  // namespace snapferry::cli
