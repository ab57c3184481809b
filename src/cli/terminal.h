#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"

namespace snapferry::cli {

// Asks on the controlling terminal (/dev/tty) without echo, whatever standard input and
// output are. Throws WrongPassword if there is no terminal, Cancelled if interrupted; the
// terminal echoes again afterwards.
std::string ask_secret_on_terminal(std::string_view prompt, const Cancellation& cancellation);

// Asks on the controlling terminal and returns the line that was typed. nullopt where there is
// none, or where standard input is something else: then a script may be what runs. Throws Cancelled
// if interrupted.
std::optional<std::string> ask_on_terminal(std::string_view prompt,
                                           const Cancellation& cancellation);

// The width of the terminal behind `fd` in columns; 80 if it is none.
unsigned terminal_width(int fd);

}  // namespace snapferry::cli
