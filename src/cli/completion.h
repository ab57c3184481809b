#pragma once

#include <string>

namespace snapferry::cli {

// Scripts for the shells, made from the command table.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace snapferry::cli
