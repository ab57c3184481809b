#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/store.h"

namespace snapferry::cli {

// What one backup of files was asked for, as its store remembers it. Nothing that fails here stops
// a backup: what could not be recorded is a warning. Throws Cancelled alone.
class AskedPaths {
 public:
  // Borrows both.
  AskedPaths(Context& context, RepositoryStore& store, std::string set)
      : context_(context), store_(store), set_(std::move(set)) {}

  // Before anything is stored: whatever befalls the run, those of `names`, which are paths of
  // volumes of this host, that the set has no snapshot of are awaited.
  void await(const std::vector<std::string>& names);
  // In the end: those that arrived are awaited no more, and of those that failed it is said which
  // are retired, because nobody else tells of them.
  void conclude(const std::vector<std::string>& arrived, const std::vector<std::string>& failed);

 private:
  void record(const ExpectationChange& change);
  void warn_of_retired(const std::vector<std::string>& failed);

  Context& context_;
  RepositoryStore& store_;
  const std::string set_;
};

}  // namespace snapferry::cli
