#pragma once

#include <span>
#include <string>

#include "cli/io.h"

namespace snapferry::cli {

// The whole program: does what the command line `args` (without the program's name)
// asks for and returns the exit code (cli/exit_code.h). Throws nothing; failures are
// one line on `io.err`, and with --json also the last object on `io.out`.
int run(std::span<const std::string> args, Io& io);

}  // namespace snapferry::cli
