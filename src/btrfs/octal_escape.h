#pragma once

#include <string>
#include <string_view>

namespace snapferry::btrfs {

// A path as the kernel writes it in /proc: blanks, newlines and backslashes are "\040" and the
// like.
std::string unescape_octal(std::string_view text);

}  // namespace snapferry::btrfs
