#pragma once

#include <string>
#include <vector>

#include "platform/command.h"

namespace snapferry::zfs {

// Runs commands of which none depends on another, several at a time, and gives what each came to,
// in the order of `argvs`. Most of the time of a command that changes a pool goes by until the pool
// has written; those that wait at the same time wait for the same write. Throws what run() throws,
// once all that were begun have ended.
std::vector<platform::Output> run_all(platform::Commands& commands,
                                      const std::vector<std::vector<std::string>>& argvs);

}  // namespace snapferry::zfs
