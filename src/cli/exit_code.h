#pragma once

#include <string_view>
#include <vector>

#include "core/store.h"

namespace snapferry::cli {

// What the program returns to its caller. Fixed: scripts and monitoring depend on
// them. Of `check` the first four are OK, WARNING, CRITICAL and UNKNOWN of Nagios, which share
// their numbers with what else they mean.
enum class ExitCode : int {
  Success = 0,
  Failure = 1,
  Stale = 1,
  Usage = 2,
  Critical = 2,
  SomeFilesFailed = 3,
  Unknown = 3,
  NoSuchStore = 10,
  Busy = 11,
  WrongPassword = 12,
  Damaged = 13,
  NoSpace = 14,
  Interrupted = 130,
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view meaning;
};

// All of them, ascending; for help and the man page.
const std::vector<ExitCodeMeaning>& exit_code_meanings();

ExitCode exit_code_for(ErrorKind kind);

// Has an exit code of its own.
using snapferry::NoSuchStore;

}  // namespace snapferry::cli
