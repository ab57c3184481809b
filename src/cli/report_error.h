#pragma once

#include <string_view>

#include "cli/console.h"
#include "cli/exit_code.h"

namespace snapferry::cli {

// Tells a failure as the last that a command tells: one line, and with --json the last object.
// Returns `code`. Throws nothing where standard output is what failed.
ExitCode report_error(Console& console, ErrorKind kind, ExitCode code, std::string_view message);

}  // namespace snapferry::cli
