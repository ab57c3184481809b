#include "btrfs/swap_files.h"

#include <fstream>
#include <sstream>

namespace snapferry::btrfs {
namespace {

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

std::string unescape_octal(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                (text[i + 3] - '0'));
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

}  // namespace

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
