#pragma once

#include <string_view>
#include <vector>

namespace snapferry::cli {

// How many characters must be inserted, removed, replaced or swapped with their
// neighbour to turn one word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

// The candidate nearest to `word`, if it is near enough to have been meant; else empty.
std::string_view suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace snapferry::cli
