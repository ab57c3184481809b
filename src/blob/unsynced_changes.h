#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>

#include "core/error.h"

namespace snapferry::blob {

// What was changed below a directory and may not have reached the disk yet. Paths are
// relative to the directory. Safe from several threads.
class UnsyncedChanges {
 public:
  // `root` is an open directory, borrowed; `description` its path, for messages.
  UnsyncedChanges(int root, std::string description);

  // A file was written at `path`, in `directory` ("" for the root).
  void written(const std::string& directory, const std::string& path);
  // Something was removed from or made in `directory`.
  void changed(const std::string& directory);

  // How many paths are remembered.
  std::size_t size() const;

  // Everything noted before is on the disk when it returns. Throws NoSpace or
  // Unavailable. After a failure the system may have dropped what could not be
  // written, so that a second try would succeed wrongly: every later call fails too.
  void sync();

 private:
  struct Paths {
    std::unordered_set<std::string> files;
    std::set<std::string> directories;
  };

  void sync_paths(const Paths& paths) const;
  void sync_each(const Paths& paths) const;
  void sync_filesystem() const;

  const int root_;
  const std::string description_;
  const bool has_whole_sync_;
  mutable std::mutex mutex_;  // guards paths_
  Paths paths_;
  std::mutex sync_mutex_;  // one sync at a time; guards failure_
  std::optional<Error> failure_;
};

}  // namespace snapferry::blob
