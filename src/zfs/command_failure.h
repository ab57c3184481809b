#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "platform/command.h"

namespace snapferry::zfs {

// A failed `zfs` command as an Error whose kind follows from what it said (OpenZFS 2.1 to 2.4 in
// the C locale): NotFound, AlreadyExists, Conflict, NoSpace, PermissionDenied, Busy, Corrupt;
// Unavailable for everything else.
Error command_failure(const std::vector<std::string>& argv, const platform::ExitReport& exit);

// Throws command_failure() if it fails.
void run_command(platform::Commands& commands, const std::vector<std::string>& argv);

// The lines that it wrote to standard error; of which the first may be cut off.
std::vector<std::string_view> error_lines(const platform::ExitReport& exit);

// What stands between the first pair of single quotes: the dataset that a line is about.
std::string_view quoted_name(std::string_view line);

// Whether a line says that something is not there.
bool says_missing(std::string_view line);

}  // namespace snapferry::zfs
