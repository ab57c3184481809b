#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/documents.h"

namespace snapferry::cli {
namespace {

ExitCode run_completion(Context& context) {
  const std::string shell = context.options.argument(0);
  print_document(context, "completion",
                 shell == "bash"  ? bash_completion()
                 : shell == "zsh" ? zsh_completion()
                                  : fish_completion());
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& completion_command() {
  static const CommandSpec spec = {
      .name = "completion",
      .summary = "print the completion script for a shell",
      .description =
          "Prints a script that makes the shell complete commands, options and their "
          "values.",
      .arguments = {{.name = "SHELL",
                     .help = "bash, zsh or fish",
                     .choices = {"bash", "zsh", "fish"}}},
      .examples = {{"snapferry completion bash > /usr/share/bash-completion/completions/snapferry",
                    "for every user of bash"},
                   {"snapferry completion fish > ~/.config/fish/completions/snapferry.fish",
                    "for one user of fish"}},
      .uses_store = false,
      .run = run_completion};
  return spec;
}

}  // namespace snapferry::cli
