#include "btrfs/octal_escape.h"

namespace snapferry::btrfs {
namespace {

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

}  // namespace

std::string unescape_octal(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      path += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                (text[i + 3] - '0'));
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

}  // namespace snapferry::btrfs
