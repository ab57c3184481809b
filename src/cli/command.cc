#include "cli/command.h"

#include <charconv>

#include <fmt/format.h>

#include "cli/store.h"

namespace snapferry::cli {

std::string_view CommandSpec::group() const {
  const auto space = name.find(' ');
  return space == std::string_view::npos ? std::string_view{} : name.substr(0, space);
}

const CommandSpec* find_command(std::string_view name) {
  for (const CommandSpec* command : command_table()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

std::vector<const CommandSpec*> commands_of_group(std::string_view group) {
  std::vector<const CommandSpec*> commands;
  for (const CommandSpec* command : command_table()) {
    if (!group.empty() && command->group() == group) commands.push_back(command);
  }
  return commands;
}

const std::vector<OptionSpec>& common_options() {
  static const std::vector<OptionSpec> options = {
      {.name = "--json", .help = "print JSON Lines on standard output, and nothing else there"},
      {.name = "--quiet", .letter = 'q', .help = "print results and errors only"},
      {.name = "--verbose", .letter = 'v', .help = "say more about what is done and why"},
      {.name = "--no-progress", .help = "do not show progress while long work runs"},
      {.name = "--help", .letter = 'h', .help = "show this help"},
  };
  return options;
}

const std::vector<OptionSpec>& store_options() {
  static const std::vector<OptionSpec> options = {
      {.name = "--store",
       .value = "STORE",
       .help = "where the snapshots are: repo:DIR, or the directory itself; zfs:DATASET or "
               "btrfs:DIR for native ones, [USER@]HOST: before them for those of another machine; "
               "without it SNAPFERRY_STORE counts",
       .kind = WordKind::Store},
      {.name = "--password-file",
       .value = "FILE",
       .help = "read the password from the first line of FILE",
       .kind = WordKind::File},
      {.name = "--password-command",
       .value = "COMMAND",
       .help = "run COMMAND (a program and its words, no shell) and read the password from the "
               "first line that it prints",
       .kind = WordKind::Command},
      {.name = "--host",
       .value = "NAME",
       .help = "the name of this machine in the store; otherwise its own"},
      kAcceptChangedStore,
      {.name = "--ssh-command",
       .value = "COMMAND",
       .help = "reach other machines with COMMAND (a program and its words, no shell) instead of "
               "ssh",
       .kind = WordKind::Command},
  };
  return options;
}

const OptionSpec& set_option() {
  static const OptionSpec option = {
      .name = "--set", .value = "NAME", .help = "look only at the snapshots of this set"};
  return option;
}

std::vector<const OptionSpec*> options_of(const CommandSpec& command) {
  std::vector<const OptionSpec*> all;
  for (const auto& option : command.options) all.push_back(&option);
  if (command.uses_store) {
    for (const auto& option : store_options()) all.push_back(&option);
  }
  if (command.filters_sets) all.push_back(&set_option());
  for (const auto& option : common_options()) all.push_back(&option);
  return all;
}

std::string usage_line(const CommandSpec& command) {
  std::string line = fmt::format("snapferry {}", command.name);
  for (const auto& argument : command.arguments) {
    const std::string dots = argument.repeatable ? "..." : "";
    line += argument.required ? fmt::format(" {}{}", argument.name, dots)
                              : fmt::format(" [{}]{}", argument.name, dots);
  }
  if (command.uses_store) line += " --store STORE";
  return line + " [OPTIONS]";
}

std::string Invocation::text(std::string_view option) const {
  if (auto value = given(option)) return *value;
  if (command != nullptr) {
    for (const OptionSpec* spec : options_of(*command)) {
      if (spec->name == option) return std::string(spec->fallback);
    }
  }
  return "";
}

std::optional<std::string> Invocation::given(std::string_view option) const {
  const auto found = values_.find(option);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Invocation::all(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<std::uint64_t> Invocation::number(std::string_view option) const {
  const auto value = given(option);
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [rest, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc() || rest != end) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: '{}' is not a whole number; give one such as 7", option, *value));
  }
  return number;
}

std::string Invocation::argument(std::size_t index) const {
  return index < arguments.size() ? arguments[index] : std::string();
}

void Invocation::add(std::string_view option, std::string value) {
  values_[std::string(option)].push_back(std::move(value));
}

}  // namespace snapferry::cli
