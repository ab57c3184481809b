#include "cli/help.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/format.h"

namespace snapferry::cli {
namespace {

constexpr std::size_t kWidth = 80;

// "  LABEL   text", the text hanging in a column of its own.
std::string definition(std::string_view label, std::string_view text, std::size_t column) {
  std::string out = fmt::format("  {}", label);
  std::string body = wrap(text, kWidth, column);
  if (out.size() + 2 > column) return out + "\n" + body;
  return out + body.substr(out.size());
}

std::string options_text(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const auto& option : options) {
    out += definition(option_label(option), option_help(option), 28);
  }
  return out;
}

std::string exit_codes_text() {
  std::string out = "Exit codes:\n";
  for (const auto& [code, meaning] : exit_code_meanings()) {
    out += definition(std::to_string(static_cast<int>(code)), meaning, 8);
  }
  return out;
}

std::string commands_text(const std::vector<const CommandSpec*>& commands) {
  std::string out;
  for (const CommandSpec* command : commands) {
    out += definition(command->name, command->summary, 20);
  }
  return out;
}

}  // namespace

std::string option_label(const OptionSpec& option) {
  std::string label = option.letter == 0 ? "" : fmt::format("-{}, ", option.letter);
  label += option.name;
  if (option.value_optional) return label + fmt::format("[={}]", option.value);
  if (!option.choices.empty()) return fmt::format("{} {}", label, fmt::join(option.choices, "|"));
  return option.value.empty() ? label : fmt::format("{} {}", label, option.value);
}

std::string option_help(const OptionSpec& option) {
  std::string help(option.help);
  if (option.repeatable) help += "; may be given several times";
  if (!option.fallback.empty()) help += fmt::format(" (default: {})", option.fallback);
  return help;
}

const std::vector<Term>& terms() {
  static const std::vector<Term> all = {
      {"STORE", "repo:DIR, a repository in a directory, or the directory itself"},
      {"VOLUME",
       "HOST:PATH as 'list' shows it, or PATH alone: that of this host. Where it has none, what "
       "only reads takes that of the only host that has one, and says so; what judges or removes "
       "('check', 'forget', 'prune', 'retire') refuses and names it"},
      {"SNAPSHOT",
       "an id or the first digits of one; 'latest'; VOLUME, its newest; or "
       "VOLUME@TIME, its newest at or before TIME. A relative path that could be an id "
       "or 'latest', too, needs ./"},
      {"TIME",
       "2026-03-01, '2026-03-01 12:00', 2026-03-01T12:00:00 in local time, or with Z or "
       "+01:00 behind; @SECONDS since 1970"},
      {"DURATION", "90s, 15m, 12h, 2d, 1w, 3M (30 days each), 1y, and sums such as 1d12h"},
      {"PATTERN",
       "as in a .gitignore file: * ? [a-z] **, a leading or inner slash anchors at the "
       "root of the volume, a trailing slash means directories only, ! takes back"},
  };
  return all;
}

std::string overview() {
  std::string out =
      "snapferry backs up every few minutes.\n\n"
      "Usage: snapferry COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n";
  out += commands_text(command_table());
  out += "\nOptions of every command:\n" + options_text(common_options());
  out += "\nOptions of every command with a store:\n" + options_text(store_options());
  out += "\nWords:\n";
  for (const auto& [word, meaning] : terms()) out += definition(word, meaning, 13);
  out += "\n" + exit_codes_text();
  return out + "\n'snapferry help COMMAND' says more, with examples.\n";
}

std::string help_for(const CommandSpec& command) {
  std::string out = fmt::format("snapferry {}: {}\n\n", command.name, command.summary);
  out += fmt::format("Usage: {}\n\n", usage_line(command));
  if (!command.description.empty()) out += wrap(command.description, kWidth, 0) + "\n";
  if (!command.arguments.empty()) {
    out += "Arguments:\n";
    for (const auto& argument : command.arguments) {
      out += definition(argument.name, argument.help, 14);
    }
    out += "\n";
  }
  if (!command.options.empty()) out += "Options:\n" + options_text(command.options) + "\n";
  if (command.uses_store) out += "Store:\n" + options_text(store_options()) + "\n";
  out += "Common options:\n" + options_text(common_options());
  if (!command.examples.empty()) out += "\nExamples:\n";
  for (const auto& example : command.examples) {
    out += fmt::format("  {}\n{}", example.command, wrap(example.purpose, kWidth, 6));
  }
  return out;
}

std::string help_for_group(std::string_view group) {
  const auto commands = commands_of_group(group);
  if (commands.empty()) return "";
  return fmt::format("Usage: snapferry {} COMMAND\n\nCommands:\n{}", group,
                     commands_text(commands)) +
         fmt::format("\n'snapferry help {} COMMAND' says more, with examples.\n", group);
}

std::string help_for(const Invocation& invocation) {
  if (invocation.command != nullptr) return help_for(*invocation.command);
  return invocation.group.empty() ? overview() : help_for_group(invocation.group);
}

}  // namespace snapferry::cli
