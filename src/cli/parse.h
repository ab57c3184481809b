#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace snapferry::cli {

// Takes the command line (without the program's name) apart by the command table.
// Options may stand anywhere, "--name VALUE" and "--name=VALUE" are the same, letters
// may be joined ("-qv"), and after "--" everything is an argument. With --help nothing
// is required. Words are kept byte for byte.
//
// Throws InvalidArgument for anything that the table does not know, with a suggestion
// where one is near, and for missing or surplus arguments.
Invocation parse_command_line(std::span<const std::string> args);

}  // namespace snapferry::cli
