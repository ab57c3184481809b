#include "cli/run.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/documents.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/report_error.h"

namespace snapferry::cli {
namespace {

ExitCode dispatch(const Invocation& invocation, Io& io, Console& console) {
  Context context{io, invocation, console};
  if (invocation.has("--help")) {
    print_document(context, "help", help_for(invocation));
  } else if (invocation.command == nullptr) {
    io.err.write(overview());
    io.err.flush();
    return ExitCode::Usage;
  } else {
    if (invocation.command->only_prints) console.end_with_reader();
    return invocation.command->run(context);
  }
  return ExitCode::Success;
}

// The one place where failures end; everything below throws.
ExitCode guarded(Console& console, const std::function<ExitCode()>& body) {
  try {
    const ExitCode code = body();
    console.finish();
    return code;
  } catch (const BrokenPipe&) {
    return ExitCode::Failure;
  } catch (const NoSuchStore& error) {
    return report_error(console, error.kind(), ExitCode::NoSuchStore, error.message());
  } catch (const Error& error) {
    return report_error(console, error.kind(), exit_code_for(error.kind()), error.message());
  } catch (const std::bad_alloc&) {
    return report_error(console, ErrorKind::Unavailable, ExitCode::Failure,
                        "memory: the system has no more to give; close something and try again");
  } catch (const std::exception& error) {
    return report_error(console, ErrorKind::Internal, ExitCode::Failure,
                        fmt::format("internal error: {}; please report it", error.what()));
  }
}

// Whether the command line is one of `check`, as far as can be told of one that is wrong.
bool is_check(std::span<const std::string> args) {
  const auto word =
      std::ranges::find_if(args, [](const std::string& arg) { return !arg.starts_with('-'); });
  return word != args.end() && *word == check_command().name;
}

}  // namespace

int run(std::span<const std::string> args, Io& io) {
  // Where the command line itself is wrong, --json must already count.
  const bool json = std::find(args.begin(), args.end(), "--json") != args.end();
  Console early(io, json, Console::Verbosity::Normal);
  const ExitCode code = guarded(early, [&] {
    Invocation invocation;
    try {
      invocation = parse_command_line(args);
    } catch (const Error& error) {
      if (!is_check(args)) throw;
      return report_unknown(early, error);
    }
    const auto verbosity = invocation.has("--quiet")     ? Console::Verbosity::Quiet
                           : invocation.has("--verbose") ? Console::Verbosity::Verbose
                                                         : Console::Verbosity::Normal;
    Console console(io, invocation.has("--json"), verbosity);
    return guarded(console, [&] { return dispatch(invocation, io, console); });
  });
  return static_cast<int>(code);
}

}  // namespace snapferry::cli
