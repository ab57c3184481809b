#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"

namespace snapferry::cli {

// Asks without echo on the controlling terminal (/dev/tty), whatever standard input and output are,
// or where the process has none, as in a chroot or a container, on standard input if that is a
// terminal. Throws WrongPassword if there is none at all, Cancelled if interrupted; the terminal
// echoes again afterwards.
std::string ask_secret_on_terminal(std::string_view prompt, const Cancellation& cancellation);

// Asks on the same terminal and returns the line that was typed. nullopt where there is none, or
// where standard input is something else: then a script may be what runs. Throws Cancelled
// if interrupted.
std::optional<std::string> ask_on_terminal(std::string_view prompt,
                                           const Cancellation& cancellation);

// The width of the terminal behind `fd` in columns; 80 if it is none.
unsigned terminal_width(int fd);

}  // namespace snapferry::cli
