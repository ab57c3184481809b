#include "cli/completion.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"

namespace snapferry::cli {
namespace {

// The words of the first level: commands of one word and groups, in the table's order.
std::vector<std::pair<std::string_view, std::string_view>> first_words() {
  std::vector<std::pair<std::string_view, std::string_view>> words;
  std::set<std::string_view> groups;
  for (const CommandSpec* command : command_table()) {
    const auto group = command->group();
    if (group.empty()) {
      words.emplace_back(command->name, command->summary);
    } else if (groups.insert(group).second) {
      words.emplace_back(group, command->summary);
    }
  }
  return words;
}

std::vector<std::string_view> groups() {
  std::vector<std::string_view> names;
  for (const auto& [word, summary] : first_words()) {
    if (!commands_of_group(word).empty()) names.push_back(word);
  }
  return names;
}

std::string option_words(const CommandSpec& command) {
  std::string words;
  for (const OptionSpec* option : options_of(command)) {
    words += fmt::format("{}{}", words.empty() ? "" : " ", option->name);
  }
  return words;
}

// How bash completes a word: an argument of compgen, or nothing.
std::string bash_words(WordKind kind, const std::vector<std::string_view>& choices) {
  if (!choices.empty()) return fmt::format("-W '{}'", fmt::join(choices, " "));
  switch (kind) {
    case WordKind::File:
      return "-f";
    case WordKind::Directory:
    case WordKind::Store:
      return "-d";
    case WordKind::Command:
      return "-c";
    default:
      return "";
  }
}

std::string bash_values(const CommandSpec& command) {
  std::string cases;
  for (const OptionSpec* option : options_of(command)) {
    if (option->value.empty() || option->value_optional) continue;
    const std::string words = bash_words(option->kind, option->choices);
    const std::string reply =
        words.empty() ? "" : fmt::format("COMPREPLY=($(compgen {} -- \"$current\"));", words);
    cases += fmt::format("        '{} {}') {} return;;\n", command.name, option->name, reply);
  }
  return cases;
}

std::string bash_argument(const CommandSpec& command) {
  if (command.arguments.empty()) return "";
  const auto& argument = command.arguments.back();
  const std::string words = bash_words(argument.kind, argument.choices);
  if (words.empty()) return "";
  return fmt::format("        '{}') COMPREPLY=($(compgen {} -- \"$current\"));;\n", command.name,
                     words);
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// In zsh's _arguments, brackets and colons end a description.
std::string zsh_description(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(WordKind kind, const std::vector<std::string_view>& choices) {
  if (!choices.empty()) return fmt::format("({})", fmt::join(choices, " "));
  switch (kind) {
    case WordKind::File:
      return "_files";
    case WordKind::Directory:
    case WordKind::Store:
      return "_files -/";
    case WordKind::Command:
      return "_command_names -e";
    default:
      return "";
  }
}

std::string zsh_option(const OptionSpec& option) {
  std::string spec = option.repeatable ? "*" : "";
  spec += option.name;
  if (!option.value.empty()) spec += option.value_optional ? "=-" : "=";
  spec += fmt::format("[{}]", zsh_description(option.help));
  if (!option.value.empty()) {
    spec += fmt::format(":{}{}:{}", option.value_optional ? ":" : "", option.value,
                        zsh_action(option.kind, option.choices));
  }
  return shell_quoted(spec);
}

std::string zsh_command(const CommandSpec& command) {
  std::string out = fmt::format("    ({})\n      _arguments -S", shell_quoted(command.name));
  for (const OptionSpec* option : options_of(command)) out += " \\\n        " + zsh_option(*option);
  for (const auto& argument : command.arguments) {
    const auto action = zsh_action(argument.kind, argument.choices);
    out +=
        " \\\n        " + shell_quoted(fmt::format("{}{}:{}",
                                                   argument.repeatable ? "*:"
                                                   : argument.required ? ":"
                                                                       : "::",
                                                   argument.name, action.empty() ? " " : action));
  }
  return out + ";;\n";
}

std::string zsh_words(const std::vector<std::pair<std::string_view, std::string_view>>& words) {
  std::string out;
  for (const auto& [word, summary] : words) {
    out += "      " + shell_quoted(fmt::format("{}:{}", word, zsh_description(summary))) + "\n";
  }
  return out;
}

std::vector<std::pair<std::string_view, std::string_view>> second_words(std::string_view group) {
  std::vector<std::pair<std::string_view, std::string_view>> words;
  for (const CommandSpec* command : commands_of_group(group)) {
    words.emplace_back(command->name.substr(group.size() + 1), command->summary);
  }
  return words;
}

std::string fish_condition(const CommandSpec& command) {
  const auto group = command.group();
  if (group.empty()) return fmt::format("__fish_seen_subcommand_from {}", command.name);
  return fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}", group,
                     command.name.substr(group.size() + 1));
}

std::string fish_option(const CommandSpec& command, const OptionSpec& option) {
  std::string line =
      fmt::format("complete -c snapferry -n {} -l {} -d {}", shell_quoted(fish_condition(command)),
                  option.name.substr(2), shell_quoted(option.help));
  if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
  if (option.value.empty() || option.value_optional) return line + "\n";
  if (!option.choices.empty()) {
    return line + fmt::format(" -x -a {}\n",
                              shell_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
  }
  switch (option.kind) {
    case WordKind::File:
      return line + " -r -F\n";
    case WordKind::Directory:
    case WordKind::Store:
      return line + " -x -a '(__fish_complete_directories)'\n";
    case WordKind::Command:
      return line + " -x -a '(__fish_complete_command)'\n";
    default:
      return line + " -x\n";
  }
}

std::string fish_arguments(const CommandSpec& command) {
  std::string out;
  for (const auto& argument : command.arguments) {
    const std::string prefix =
        fmt::format("complete -c snapferry -n {}", shell_quoted(fish_condition(command)));
    if (!argument.choices.empty()) {
      out += fmt::format("{} -a {}\n", prefix,
                         shell_quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
    } else if (argument.kind == WordKind::File || argument.kind == WordKind::Directory) {
      out += prefix + " -F\n";
    }
  }
  return out;
}

}  // namespace

std::string bash_completion() {
  std::string words, seconds, options, values, arguments, group_names;
  for (const auto& [word, summary] : first_words()) words += fmt::format("{} ", word);
  for (const auto group : groups()) {
    group_names += fmt::format("{}{},*", group_names.empty() ? "" : "|", group);
    std::string names;
    for (const auto& [word, summary] : second_words(group)) names += fmt::format("{} ", word);
    seconds += fmt::format("        {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return;;\n",
                           group, names);
  }
  for (const CommandSpec* command : command_table()) {
    options += fmt::format("        '{}') words='{}';;\n", command->name, option_words(*command));
    values += bash_values(*command);
    arguments += bash_argument(*command);
  }
  return fmt::format(
      R"(# bash completion for snapferry
_snapferry() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command='' words='' word
    COMPREPLY=()
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$command,$word" in
            ,-*) ;;
            ,*) command="$word";;
            {0}) command="$command $word"; break;;
        esac
    done
    case "$command" in
        '') COMPREPLY=($(compgen -W '{1}' -- "$current")); return;;
{2}    esac
    case "$command $previous" in
{3}    esac
    case "$command" in
{4}    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
    fi
    case "$command" in
{5}    esac
}}
complete -o filenames -F _snapferry snapferry
)",
      group_names, words, seconds, values, options, arguments);
}

std::string zsh_completion() {
  std::string cases, group_cases;
  for (const auto group : groups()) {
    group_cases += fmt::format(
        "    ({0})\n      if (( CURRENT == 3 )); then\n        local -a names=(\n{1}        )\n"
        "        _describe 'command' names\n        return\n      fi\n"
        "      command=\"$command $words[3]\"\n      shift words; (( CURRENT-- ));;\n",
        group, zsh_words(second_words(group)));
  }
  for (const CommandSpec* command : command_table()) cases += zsh_command(*command);
  return fmt::format(R"(#compdef snapferry
_snapferry() {{
  local command="$words[2]"
  if (( CURRENT == 2 )); then
    local -a names=(
{0}    )
    _describe 'command' names
    return
  fi
  case "$command" in
{1}  esac
  shift words; (( CURRENT-- ))
  case "$command" in
{2}  esac
}}
_snapferry "$@"
)",
                     zsh_words(first_words()), group_cases, cases);
}

std::string fish_completion() {
  std::string out = "# fish completion for snapferry\ncomplete -c snapferry -f\n";
  for (const auto& [word, summary] : first_words()) {
    out += fmt::format("complete -c snapferry -n __fish_use_subcommand -a {} -d {}\n", word,
                       shell_quoted(summary));
  }
  for (const auto group : groups()) {
    for (const auto& [word, summary] : second_words(group)) {
      out += fmt::format("complete -c snapferry -n '__fish_seen_subcommand_from {}' -a {} -d {}\n",
                         group, word, shell_quoted(summary));
    }
  }
  for (const CommandSpec* command : command_table()) {
    for (const OptionSpec* option : options_of(*command)) out += fish_option(*command, *option);
    out += fish_arguments(*command);
  }
  return out;
}

}  // namespace snapferry::cli
