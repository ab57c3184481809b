#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/format.h"
#include "cli/help.h"
#include "cli/parse.h"

namespace snapferry::cli {
namespace {

ExitCode run_help(Context& context) {
  // The words are looked up as on a command line, with the same suggestions.
  std::vector<std::string> words = context.options.arguments;
  words.push_back("--help");
  print_document(context, "help", help_for(parse_command_line(words)));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& help_command() {
  static const CommandSpec spec = {.name = "help",
                                   .summary = "explain the program or a command, with examples",
                                   .description = "Prints what --help prints.",
                                   .arguments = {{.name = "COMMAND",
                                                  .help = "such as 'backup', 'key' or 'key add'",
                                                  .required = false,
                                                  .repeatable = true}},
                                   .examples = {{"snapferry help backup", "how to back up"}},
                                   .uses_store = false,
                                   .run = run_help};
  return spec;
}

}  // namespace snapferry::cli
