#include "cli/backup_request.h"

#include "core/error.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::InvalidArgument, message);
}

void read_stream(const Invocation& options, const std::string& option, BackupRequest& request) {
  request.stream = options.text(option);
  request.allow_empty = options.has("--allow-empty");
  if (request.stream.empty() || request.stream.find('/') != std::string::npos) {
    refuse(option + ": NAME is empty or holds a '/'; give a plain name such as database.sql");
  }
}

void read_sources(const Invocation& options, BackupRequest& request) {
  const bool input = options.has("--stdin");
  const bool command = options.has("--stdin-command");
  if (input && command) refuse("--stdin-command: is not for --stdin; give one of them");
  if (command) {
    read_stream(options, "--stdin-command", request);
    request.command = options.arguments;
    if (request.command.empty()) {
      refuse("--stdin-command: the command is missing; give it after \"--\"");
    }
    return;
  }
  if (input == !options.arguments.empty()) {
    refuse(
        "backup: needs PATHs or a stream, and not both; give at least one PATH, or --stdin NAME "
        "alone");
  }
  if (input) return read_stream(options, "--stdin", request);
  request.allow_empty = options.has("--allow-empty");
  request.paths = options.arguments;
}

void read_rereading(const Invocation& options, BackupRequest& request) {
  request.reread_all = options.has("--reread");
  const std::string within = options.text("--reread-within");
  if (within == "never") return;
  request.reread_within = parse_duration(within).seconds;
  if (request.reread_within <= 0) {
    refuse("--reread-within: is no time at all; use --reread to read everything, or 'never'");
  }
}

}  // namespace

BackupRequest read_backup_request(const Invocation& options) {
  BackupRequest request;
  read_sources(options, request);
  request.set = options.text("--set");
  request.dry_run = options.has("--dry-run");
  if (request.set.empty()) refuse("--set: NAME is empty; give a name or leave it out");
  read_rereading(options, request);
  return request;
}

std::vector<tree::ExcludePattern> read_exclude_patterns(const Invocation& options) {
  std::vector<tree::ExcludePattern> patterns;
  for (const auto& file : options.all("--exclude-from")) {
    for (auto& pattern : tree::read_exclude_file(file)) patterns.push_back(std::move(pattern));
  }
  // The last match decides, so the command line has its say after the files.
  for (const auto& pattern : options.all("--exclude")) patterns.push_back({pattern, {}});
  return patterns;
}

}  // namespace snapferry::cli
