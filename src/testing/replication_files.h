#pragma once

#include <map>
#include <string>

namespace snapferry::testing {

// The regular files of a volume: name and content. Names have no slash.
using PlaceFiles = std::map<std::string, std::string>;

}  // namespace snapferry::testing
