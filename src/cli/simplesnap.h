#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/io.h"

namespace snapferry::cli {

// The program under the names of the tool that it stands in for (simplesnap 2.1.2). Both return
// that tool's exit codes: 0, and 10 for a refusal or failure of the whole; `simplesnap` 100 where
// a dataset failed. What is done goes to the system log, as that tool has it.

// As a forced command: serves the one request in SSH_ORIGINAL_COMMAND. With the arguments
// "reinvoked simplesnapwrap REQUEST…" that one, as `simplesnap --local` calls it. Before that it
// takes from this process, for good, all that serving does not need (agent/sandbox_plan.h), so it
// must be called while there is no other thread.
int run_simplesnapwrap(std::span<const std::string> args, Io& io);

int run_simplesnap(std::span<const std::string> args, Io& io);

// Whether the program was called by one of these names, whatever the directory.
using NamedProgram = int (*)(std::span<const std::string> args, Io& io);
std::optional<NamedProgram> program_named(std::string_view argv0);

}  // namespace snapferry::cli
