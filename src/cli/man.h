#pragma once

#include <string>

#include "cli/command.h"

namespace snapferry::cli {

// snapferry(1), in the language of man(7).
std::string man_page();
// snapferry-COMMAND(1).
std::string man_page(const CommandSpec& command);

}  // namespace snapferry::cli
