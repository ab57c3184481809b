#pragma once

#include <string_view>

#include "cli/console.h"
#include "cli/exit_code.h"
#include "core/error.h"

namespace snapferry::cli {

// Tells a failure as the last that a command tells: one line, and with --json the last object.
// Returns `code`. Throws nothing where standard output is what failed.
ExitCode report_error(Console& console, ErrorKind kind, ExitCode code, std::string_view message);

// The same for `check`, whose first codes are states of backups: prints the line UNKNOWN, which is
// all that monitoring shows, and returns a code that is none of them.
ExitCode report_unknown(Console& console, const Error& error);

}  // namespace snapferry::cli
