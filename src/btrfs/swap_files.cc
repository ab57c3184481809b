#include "btrfs/swap_files.h"

#include <fstream>
#include <sstream>

#include "btrfs/octal_escape.h"

namespace snapferry::btrfs {
std::vector<std::string> parse_swap_files(std::string_view text) {
  std::vector<std::string> files;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string path, type;
    if (words >> path >> type && type == "file") files.push_back(unescape_octal(path));
  }
  return files;
}

std::vector<std::string> active_swap_files() {
  std::stringstream text;
  text << std::ifstream("/proc/swaps").rdbuf();
  return parse_swap_files(text.str());
}

}  // namespace snapferry::btrfs
