#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/format.h"
#include "cli/man.h"

namespace snapferry::cli {
namespace {

ExitCode run_man(Context& context) {
  if (context.options.arguments.empty()) {
    print_document(context, "man", man_page());
    return ExitCode::Success;
  }
  const std::string name = fmt::format("{}", fmt::join(context.options.arguments, " "));
  const CommandSpec* command = find_command(name);
  if (command == nullptr) {
    throw Error(
        ErrorKind::InvalidArgument,
        fmt::format("man: there is no command '{}'; see 'snapferry help'", printable(name)));
  }
  print_document(context, "man", man_page(*command));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& man_command() {
  static const CommandSpec spec = {
      .name = "man",
      .summary = "print the man page of the program or of a command",
      .description = "Prints the page in the language of man(7).",
      .arguments = {{.name = "COMMAND",
                     .help = "such as 'backup' or 'key add'",
                     .required = false,
                     .repeatable = true}},
      .examples = {{"snapferry man | man -l -", "reads the page of the program"},
                   {"snapferry man key add > snapferry-key-add.1", "keeps that of a command"}},
      .uses_store = false,
      .run = run_man};
  return spec;
}

}  // namespace snapferry::cli
