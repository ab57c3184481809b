#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::tree {

// Thrown away where it is caught: why a pattern can never match, and what would be right.
struct HopelessPattern {
  std::string cause;
};

// A pattern as a person writes it (without "!"), as ExcludeRules compares it: "~/x" begins with
// `home`, "./", "//" and "a/../" are gone, and what named one place still does. "x/." is "x/". A
// leading "\" keeps "~" as it is. Throws HopelessPattern.
std::string normal_pattern(std::string_view given, std::string_view home);

// What a pattern that begins with a slash means below the directory `root` (absolute), if it is
// read as a full path: "/alice/.cache" for "/home/alice/.cache" below "/home". nullopt if that is
// no place below it. The first part must be meant literally, so that "/*/x" stays what it is.
std::optional<std::string> below_root(std::string_view pattern, std::string_view root);

// Whether `pattern`, which is compared with whole paths and has no leading slash, may match a path
// below `directory`.
bool may_match_below(std::string_view pattern, std::string_view directory);

// Whether a path, or a part of one, means something else as a pattern.
bool has_wildcard(std::string_view path);

// What is between slashes, without empty parts.
std::vector<std::string_view> path_parts(std::string_view path);

}  // namespace snapferry::tree
