#include "cli/exit_code.h"

namespace snapferry::cli {

const std::vector<ExitCodeMeaning>& exit_code_meanings() {
  static const std::vector<ExitCodeMeaning> meanings = {
      {ExitCode::Success, "success; of check: every volume is fresh"},
      {ExitCode::Failure, "failure; of check: a volume is stale or has no snapshot"},
      {ExitCode::Usage,
       "the command line is wrong; nothing was done. Of check: a volume is older than --critical, "
       "or has no snapshot"},
      {ExitCode::SomeFilesFailed,
       "some files could not be read or written; each was named, the rest is done. Of check: it "
       "could not be found out"},
      {ExitCode::NoSuchStore, "there is no such store"},
      {ExitCode::Busy, "something needed is in use; try again later"},
      {ExitCode::WrongPassword,
       "there is no password to be had, or no key of the repository opens with it"},
      {ExitCode::Damaged, "the repository is damaged"},
      {ExitCode::NoSpace, "no space left on the device"},
      {ExitCode::Interrupted, "interrupted by SIGINT or SIGTERM; the message says how to carry on"},
  };
  return meanings;
}

ExitCode exit_code_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return ExitCode::Usage;
    case ErrorKind::Busy:
      return ExitCode::Busy;
    case ErrorKind::NoSpace:
      return ExitCode::NoSpace;
    case ErrorKind::WrongPassword:
      return ExitCode::WrongPassword;
    case ErrorKind::Corrupt:
      return ExitCode::Damaged;
    case ErrorKind::Cancelled:
      return ExitCode::Interrupted;
    default:
      return ExitCode::Failure;
  }
}

}  // namespace snapferry::cli
