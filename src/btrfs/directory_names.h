#pragma once

#include <string>
#include <vector>

namespace snapferry::btrfs {

// The names in `directory`, ascending, without "." and "..". Throws as system_error.
std::vector<std::string> names_in(int directory, const std::string& subject);

// The directory of an absolute path; "/" of "/".
std::string parent_of(const std::string& path);

}  // namespace snapferry::btrfs
