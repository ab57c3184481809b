#include "cli/parse.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/format.h"
#include "cli/suggest.h"

namespace snapferry::cli {
namespace {

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string_view otherwise) {
  const std::string_view near = suggestion(word, candidates);
  return near.empty() ? std::string(otherwise) : fmt::format("did you mean '{}'?", near);
}

class Parser {
 public:
  explicit Parser(std::span<const std::string> args) : args_(args) {
    for (const auto& option : common_options()) known_.push_back(&option);
    for (const auto& option : store_options()) known_.push_back(&option);
  }

  Invocation parse() {
    while (next_ < args_.size()) {
      const std::string& word = args_[next_++];
      if (options_over_ || word.size() < 2 || word[0] != '-') {
        take_word(word);
      } else if (word == "--") {
        options_over_ = true;
      } else if (word == "--version" && result_.command == nullptr) {
        take_command("version", word);  // what everyone tries first
      } else if (word[1] == '-') {
        take_long_option(word);
      } else {
        take_letters(word);
      }
    }
    if (!result_.has("--help")) check_complete();
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail(std::string_view cause, std::string_view next_step) const {
    throw Error(ErrorKind::InvalidArgument, fmt::format("{}; {}", cause, next_step));
  }

  std::string see_help() const {
    if (result_.command != nullptr) {
      return fmt::format("see 'snapferry help {}'", result_.command->name);
    }
    return "see 'snapferry help'";
  }

  void take_word(const std::string& word) {
    if (result_.command != nullptr) {
      take_argument(word);
    } else if (!result_.group.empty()) {
      take_command(result_.group + " " + word, word);
    } else if (!commands_of_group(word).empty()) {
      result_.group = word;
    } else {
      take_command(word, word);
    }
  }

  void take_command(const std::string& name, const std::string& word) {
    result_.command = find_command(name);
    if (result_.command == nullptr) unknown_command(word);
    known_ = options_of(*result_.command);
    // Options of the store before a command that has none do no harm.
    if (!result_.command->uses_store) {
      for (const auto& option : store_options()) known_.push_back(&option);
    }
  }

  [[noreturn]] void unknown_command(const std::string& word) const {
    std::vector<std::string_view> candidates;
    const auto group = commands_of_group(result_.group);
    candidates.reserve(command_table().size());
    for (const CommandSpec* command : group) {
      candidates.push_back(command->name.substr(result_.group.size() + 1));
    }
    if (group.empty()) {
      for (const CommandSpec* command : command_table()) {
        candidates.push_back(command->group().empty() ? command->name : command->group());
      }
    }
    const std::string prefix = result_.group.empty() ? "" : result_.group + ": ";
    fail(fmt::format("{}unknown command '{}'", prefix, printable(word)),
         did_you_mean(word, candidates, "see 'snapferry help'"));
  }

  void take_argument(const std::string& word) {
    const auto& specs = result_.command->arguments;
    const bool endless = !specs.empty() && specs.back().repeatable;
    if (result_.arguments.size() >= specs.size() && !endless) {
      fail(fmt::format("{}: unexpected argument '{}'", result_.command->name, printable(word)),
           "usage: " + usage_line(*result_.command));
    }
    const auto& spec = specs[std::min(result_.arguments.size(), specs.size() - 1)];
    // Mostly a variable of a script that is not set; it never means everything.
    if (word.empty() && !options_over_) {
      fail(fmt::format("{}: {} is empty", result_.command->name, spec.name), "name something");
    }
    check_choice(spec.name, word, spec.choices);
    result_.arguments.push_back(word);
  }

  void take_long_option(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&](const OptionSpec* spec) { return spec->name == name; });
    if (found == known_.end()) unknown_option(name);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    take_option(**found, std::move(value));
  }

  void take_letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto found = std::find_if(known_.begin(), known_.end(), [&](const OptionSpec* spec) {
        return spec->letter == word[i];
      });
      if (found == known_.end()) unknown_option(word);
      if ((*found)->value.empty()) {
        take_option(**found, std::nullopt);
        continue;
      }
      std::optional<std::string> value;
      if (i + 1 < word.size()) value = word.substr(i + 1);
      take_option(**found, std::move(value));
      return;
    }
  }

  [[noreturn]] void unknown_option(const std::string& name) const {
    std::vector<std::string_view> candidates;
    for (const OptionSpec* spec : known_) candidates.push_back(spec->name);
    if (result_.command == nullptr) {
      fail(fmt::format("unknown option '{}' before the command", printable(name)),
           did_you_mean(name, candidates, "options of a command stand behind its name"));
    }
    fail(fmt::format("{}: unknown option '{}'", result_.command->name, printable(name)),
         did_you_mean(name, candidates, see_help()));
  }

  void take_option(const OptionSpec& spec, std::optional<std::string> value) {
    if (spec.value.empty() && value) {
      fail(fmt::format("{}: takes no value", spec.name), see_help());
    }
    if (!spec.value.empty() && !value && !spec.value_optional) {
      if (next_ == args_.size()) {
        fail(fmt::format("{}: its value {} is missing", spec.name, spec.value), see_help());
      }
      value = args_[next_++];
    }
    if (value) check_choice(spec.name, *value, spec.choices);
    if (!spec.repeatable && !spec.value.empty() && result_.has(spec.name)) {
      fail(fmt::format("{}: given twice", spec.name), "give it once");
    }
    result_.add(spec.name, value.value_or(""));
  }

  void check_choice(std::string_view subject, const std::string& value,
                    const std::vector<std::string_view>& choices) const {
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) {
      return;
    }
    fail(fmt::format("{}: '{}' is not known", subject, printable(value)),
         did_you_mean(value, choices, fmt::format("give one of {}", fmt::join(choices, ", "))));
  }

  void check_complete() const {
    if (result_.command == nullptr) {
      if (result_.group.empty()) return;
      std::vector<std::string_view> names;
      for (const CommandSpec* command : commands_of_group(result_.group)) {
        names.push_back(command->name.substr(result_.group.size() + 1));
      }
      fail(fmt::format("{}: which command?", result_.group),
           fmt::format("give one of {}", fmt::join(names, ", ")));
    }
    const auto& specs = result_.command->arguments;
    if (result_.arguments.size() < specs.size() && specs[result_.arguments.size()].required) {
      fail(fmt::format("{}: {} is missing", result_.command->name,
                       specs[result_.arguments.size()].name),
           "usage: " + usage_line(*result_.command));
    }
  }

  std::span<const std::string> args_;
  std::size_t next_ = 0;
  bool options_over_ = false;  // after "--"
  std::vector<const OptionSpec*> known_;
  Invocation result_;
};

}  // namespace

Invocation parse_command_line(std::span<const std::string> args) { return Parser(args).parse(); }

}  // namespace snapferry::cli
