#pragma once

#include <string>
#include <string_view>

namespace snapferry {

// True if all of `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

// `text` with every byte that is no UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

// A name as it may be shown: control characters and bytes that are no UTF-8 are
// written as "\n", "\t" or "\x1b", so that no name can command a terminal.
std::string printable(std::string_view text);

}  // namespace snapferry
