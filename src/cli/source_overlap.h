#pragma once

#include <string>
#include <vector>

namespace snapferry::cli {

// The PATHs of one backup, as given.
struct ChosenSources {
  std::vector<std::string> paths;     // each place once, as it was given first
  std::vector<std::string> warnings;  // what was given twice, and what lies in another one
};

// With `one_filesystem`, what is on another filesystem than the PATH around it is not in that one.
// What cannot be looked at stays as it is.
ChosenSources choose_sources(const std::vector<std::string>& given, bool one_filesystem);

}  // namespace snapferry::cli
