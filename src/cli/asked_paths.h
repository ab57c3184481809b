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
  // Borrows both. `names` are the paths of the volumes of this host that are to be backed up.
  AskedPaths(Context& context, stores::RepositoryStore& store, std::string set,
             std::vector<std::string> names)
      : context_(context), store_(store), set_(std::move(set)), names_(std::move(names)) {}

  // After the store was listed and before anything is stored: whatever befalls the run, the names
  // that the set has no snapshot of are awaited. Only the first call of this and await() counts.
  void await_listed();
  // The same for a run that never came to list the store, which is done here.
  void await();
  // In the end: those that arrived are awaited no more, and of those that failed it is said which
  // are retired, because nobody else tells of them. Awaits first what was not awaited yet.
  void conclude(const std::vector<std::string>& arrived, const std::vector<std::string>& failed);

 private:
  void record(const ExpectationChange& change);
  void warn_of_retired(const std::vector<std::string>& failed);

  Context& context_;
  stores::RepositoryStore& store_;
  const std::string set_;
  const std::vector<std::string> names_;
  bool awaited_ = false;
};

}  // namespace snapferry::cli
