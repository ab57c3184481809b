#pragma once

#include <string>
#include <string_view>

namespace snapferry {

// True if all of `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

// `text` with every byte that is no UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

// A name as it may be shown, so that no name can command a terminal and no two names look the
// same: control characters, bytes that are no UTF-8, and the backslash itself are written as
// "\n", "\t", "\x1b" and "\\"; characters that are invisible or turn the direction of what
// follows (Unicode's Cf, Zl and Zp, such as U+202E) as "\u{202e}".
std::string printable(std::string_view text);

// The same for a whole message, whose names may have been through printable(): backslashes stay.
std::string one_line(std::string_view text);

// The same for text that was laid out: newlines and tabs stay, too.
std::string laid_out(std::string_view text);

}  // namespace snapferry
