#pragma once

#include <cstdint>
#include <string_view>

namespace snapferry::mount {

// The inode number of `name` in the directory of number `parent`: the same in every
// mount, and spread over 64 bits so that two of one mount do not meet in practice.
// Never 0 or 1, which FUSE keeps for itself.
std::uint64_t number_of(std::uint64_t parent, std::string_view name);

}  // namespace snapferry::mount
