#pragma once

#include <string_view>

namespace snapferry::tree {

// Whether all of `pattern` matches all of `text`, a path. "*" is any part of a name, "?" one
// character, "[a-z]" one of some, "**" between slashes any number of directories, "\\" quotes. A
// character is one of UTF-8, or a byte that is part of none; names as "[:alpha:]" mean those of
// ASCII. The time is a small power of the lengths, whatever the pattern, which must be a glob.
bool glob_matches(std::string_view pattern, std::string_view text);

// Why `pattern` cannot be read to its end, and what to do; empty: it can.
std::string_view why_no_glob(std::string_view pattern);

}  // namespace snapferry::tree
