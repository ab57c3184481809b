#pragma once

#include "cli/command.h"
#include "cli/console.h"
#include "cli/io.h"

namespace snapferry::cli {

// What a command works with. Borrowed for one run.
struct Context {
  Io& io;
  const Invocation& options;
  Console& console;
};

}  // namespace snapferry::cli
