#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"

namespace snapferry::cli {

struct Context;  // cli/context.h

// What a word on the command line names; completion offers accordingly.
enum class WordKind { Text, File, Directory, Store, Snapshot, Volume, Command };

struct OptionSpec {
  std::string_view name;        // "--set"
  char letter = 0;              // 'R' for "-R"; 0: none
  std::string_view value = "";  // "NAME" in the help; empty: the option takes no value
  std::string_view help;
  std::string_view fallback = "";              // the value without the option; shown in the help
  std::vector<std::string_view> choices = {};  // empty: any value
  WordKind kind = WordKind::Text;
  bool repeatable = false;
  bool value_optional = false;  // "--read-data" and "--read-data=5": the value needs the '='
};

struct ArgumentSpec {
  std::string_view name;  // "PATH"
  std::string_view help;
  WordKind kind = WordKind::Text;
  bool required = true;
  bool repeatable = false;  // the last one only
  std::vector<std::string_view> choices = {};
};

struct Example {
  std::string_view command;
  std::string_view purpose;
};

// One row of the command table, which drives parsing, help, suggestions, completion and
// man pages.
struct CommandSpec {
  std::string_view name;         // "backup"; of a group: "key add"
  std::string_view summary;      // begins in lower case, no full stop
  std::string_view description;  // paragraphs are divided by an empty line
  std::vector<ArgumentSpec> arguments = {};
  std::vector<OptionSpec> options = {};
  std::vector<Example> examples = {};
  bool uses_store = true;  // takes --store, and the options for the password and ssh
  // Takes --set: it looks at the snapshots of one set alone.
  bool filters_sets = false;
  // It judges or removes: a VOLUME without a host is one of this host, and never another's.
  bool own_volumes_only = false;
  // Its output is all that it is for: it ends when nobody reads on. Others go on.
  bool only_prints = false;
  // Does what the command does. Throws Error and BrokenPipe.
  ExitCode (*run)(Context&) = nullptr;

  // "key" of "key add"; empty for a command of one word.
  std::string_view group() const;
};

// All commands in the order of the help.
const std::vector<const CommandSpec*>& command_table();
// nullptr if there is none.
const CommandSpec* find_command(std::string_view name);
// The commands of a group such as "key"; empty if it is none.
std::vector<const CommandSpec*> commands_of_group(std::string_view group);

// --json, --quiet, …: understood by every command.
const std::vector<OptionSpec>& common_options();
// --store, and the options for the password and ssh.
const std::vector<OptionSpec>& store_options();
// --set, of commands that look at the snapshots of one set on request.
const OptionSpec& set_option();
// All that `command` understands: its own, those of the store, and the common ones.
std::vector<const OptionSpec*> options_of(const CommandSpec& command);

// "snapferry backup PATH... --store STORE [OPTIONS]".
std::string usage_line(const CommandSpec& command);

// A command line taken apart.
class Invocation {
 public:
  const CommandSpec* command = nullptr;  // nullptr only with help() or for no command at all
  std::string group;                     // "key" of "snapferry key --help"
  std::vector<std::string> arguments;

  // Whether the option was given.
  bool has(std::string_view option) const { return values_.contains(option); }
  // The last value given, else its default, else "".
  std::string text(std::string_view option) const;
  std::optional<std::string> given(std::string_view option) const;
  // Every value given, in order.
  std::vector<std::string> all(std::string_view option) const;
  // A whole number of at least 0; nullopt if not given. Throws InvalidArgument.
  std::optional<std::uint64_t> number(std::string_view option) const;
  // The argument at `index`, or "".
  std::string argument(std::size_t index) const;

  void add(std::string_view option, std::string value);

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace snapferry::cli
