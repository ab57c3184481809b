#include "zfs/command_failure.h"

#include <array>

namespace snapferry::zfs {
namespace {

struct Phrase {
  std::string_view text;
  ErrorKind kind;
  std::string_view next_step;
};

// The first that occurs decides, so what is more special stands first.
constexpr std::array kPhrases = {
    Phrase{"does not\nmatch incremental source", ErrorKind::Conflict, ""},
    Phrase{"does not match incremental source", ErrorKind::Conflict, ""},
    Phrase{"has been modified", ErrorKind::Conflict,
           "the replica was changed by something else; roll that back, or set it aside"},
    Phrase{"no longer the same snapshot", ErrorKind::Conflict, ""},
    Phrase{"raw receive on top of", ErrorKind::Conflict, "raw and other streams do not mix"},
    Phrase{"must specify -F", ErrorKind::Conflict, ""},
    Phrase{"out of space", ErrorKind::NoSpace, "free some, then run it again"},
    Phrase{"quota exceeded", ErrorKind::NoSpace, "raise the quota, then run it again"},
    Phrase{"No space left", ErrorKind::NoSpace, "free some, then run it again"},
    Phrase{"pool is read-only", ErrorKind::PermissionDenied,
           "import it writable, then run it again"},
    Phrase{"permission denied", ErrorKind::PermissionDenied,
           "run it as root, or grant it with zfs allow"},
    Phrase{"Permission denied", ErrorKind::PermissionDenied, "run it as root"},
    Phrase{"Operation not permitted", ErrorKind::PermissionDenied, "run it as root"},
    Phrase{"checksum mismatch", ErrorKind::Corrupt, "run it again"},
    Phrase{"invalid stream", ErrorKind::Corrupt, ""},
    Phrase{"Input/output error", ErrorKind::Corrupt, "see zpool status -v"},
    Phrase{"encryption key not loaded", ErrorKind::Unavailable, "load it with zfs load-key"},
    Phrase{"already exists", ErrorKind::AlreadyExists, ""},
    Phrase{"does not exist", ErrorKind::NotFound, ""},
    Phrase{"no such pool", ErrorKind::NotFound, "import it with zpool import"},
    Phrase{"no longer exists", ErrorKind::NotFound, ""},
    Phrase{"is busy", ErrorKind::Busy, "try again later"},
};

}  // namespace

Error command_failure(const std::vector<std::string>& argv, const platform::ExitReport& exit) {
  for (const auto& phrase : kPhrases) {
    if (exit.errors.find(phrase.text) == std::string::npos) continue;
    return Error(phrase.kind, platform::command_error(argv, exit, phrase.next_step).message());
  }
  return platform::command_error(argv, exit);
}

void run_command(platform::Commands& commands, const std::vector<std::string>& argv) {
  const auto output = commands.run(argv);
  if (!output.exit.ok()) throw command_failure(argv, output.exit);
}

std::vector<std::string_view> error_lines(const platform::ExitReport& exit) {
  std::vector<std::string_view> lines;
  std::string_view rest = exit.errors;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    if (const auto line = rest.substr(0, newline); !line.empty()) lines.push_back(line);
    if (newline == rest.npos) break;
    rest.remove_prefix(newline + 1);
  }
  return lines;
}

std::string_view quoted_name(std::string_view line) {
  const auto open = line.find('\'');
  const auto close = open == line.npos ? line.npos : line.find('\'', open + 1);
  return close == line.npos ? std::string_view() : line.substr(open + 1, close - open - 1);
}

bool says_missing(std::string_view line) {
  for (const std::string_view phrase : {"does not exist", "no such pool", "could not find any"}) {
    if (line.find(phrase) != line.npos) return true;
  }
  return false;
}

}  // namespace snapferry::zfs
