#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "tree/exclude.h"

namespace snapferry::cli {

// What the command line of a backup of files asks for, checked before anything is opened.
struct BackupRequest {
  std::vector<std::string> paths;    // as given; none for a stream
  std::string stream;                // NAME of --stdin and --stdin-command; empty: paths
  std::vector<std::string> command;  // whose output the stream is; empty: standard input
  bool allow_empty = false;          // so may a stream, a PATH or a mount point be
  std::string set;
  std::vector<tree::ExcludePattern> patterns;
  bool dry_run = false;
  bool reread_all = false;
  std::int64_t reread_within = 0;  // seconds; 0: never

  bool is_stream() const { return !stream.empty(); }
};

// All but the patterns. Throws InvalidArgument.
BackupRequest read_backup_request(const Invocation& options);
// Of --exclude and --exclude-from. Throws as tree::read_exclude_file() does.
std::vector<tree::ExcludePattern> read_exclude_patterns(const Invocation& options);

}  // namespace snapferry::cli
