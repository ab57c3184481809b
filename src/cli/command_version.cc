#include "cli/commands.h"
#include "cli/context.h"

namespace snapferry::cli {
namespace {

ExitCode run_version(Context& context) {
  context.console.print("snapferry " SNAPFERRY_VERSION "\n");
  context.console.emit(JsonObject::line("version").text("version", SNAPFERRY_VERSION));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& version_command() {
  static const CommandSpec spec = {.name = "version",
                                   .summary = "print the version of this program",
                                   .description = "Prints the version of this program.",
                                   .uses_store = false,
                                   .run = run_version};
  return spec;
}

}  // namespace snapferry::cli
