#pragma once

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

#include "mount/file_system.h"
#include "mount/node_table.h"

namespace snapferry::mount {

// What the requests of a FUSE session work on; its user data.
struct FuseService {
  FuseService(FileSystem& system, ProblemSink* problem_sink)
      : file_system(system), nodes(system.root()), problems(problem_sink) {}

  FileSystem& file_system;
  NodeTable nodes;
  ProblemSink* problems;
};

// Answers the requests of the kernel (libfuse's low-level interface) out of the
// FuseService that is the user data of the session. What cannot be read is answered
// with EIO and told to `problems`.
const fuse_lowlevel_ops& fuse_operations();

}  // namespace snapferry::mount
