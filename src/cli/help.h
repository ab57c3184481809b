#pragma once

#include <string>

#include "cli/command.h"

namespace snapferry::cli {

// All commands with their summaries, the common options and the exit codes.
std::string overview();

// What `--help` prints: of the command, of the group, or the overview.
std::string help_for(const Invocation& invocation);
std::string help_for(const CommandSpec& command);
// The commands of "key"; empty if there is no such group.
std::string help_for_group(std::string_view group);

// "-R, --recursive", "--set NAME" or "--encryption password|none".
std::string option_label(const OptionSpec& option);
// The help of an option with its default.
std::string option_help(const OptionSpec& option);

// What a SNAPSHOT, a VOLUME, a STORE and so on may be, for help and man pages.
struct Term {
  std::string_view word;
  std::string_view meaning;
};
const std::vector<Term>& terms();

}  // namespace snapferry::cli
