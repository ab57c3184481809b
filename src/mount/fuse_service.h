#pragma once

#define FUSE_USE_VERSION 35
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <fuse_lowlevel.h>

#include "mount/file_system.h"
#include "mount/node_table.h"

namespace snapferry::mount {

// A directory that is open. Offsets count what was given, with "." and ".." before all.
struct OpenDirectory {
  std::unique_ptr<Listing> listing;
  std::uint64_t position = 2;  // the offset of what the listing gives next
};

// Owns the open directories: the kernel does not close what is open when it is unmounted.
class OpenDirectories {
 public:
  OpenDirectory* add(std::unique_ptr<OpenDirectory> directory) {
    const std::lock_guard lock(mutex_);
    OpenDirectory* added = directory.get();
    directories_.emplace(added, std::move(directory));
    return added;
  }
  void remove(OpenDirectory* directory) {
    const std::lock_guard lock(mutex_);
    directories_.erase(directory);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<OpenDirectory*, std::unique_ptr<OpenDirectory>> directories_;
};

// What the requests of a FUSE session work on; its user data.
struct FuseService {
  FuseService(FileSystem& system, ProblemSink* problem_sink)
      : file_system(system), nodes(system.root()), problems(problem_sink) {}

  FileSystem& file_system;
  NodeTable nodes;
  OpenDirectories directories;
  ProblemSink* problems;
};

// Answers the requests of the kernel (libfuse's low-level interface) out of the
// FuseService that is the user data of the session. What cannot be read is answered
// with EIO and told to `problems`.
const fuse_lowlevel_ops& fuse_operations();

}  // namespace snapferry::mount
