#include "cli/man.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/help.h"

namespace snapferry::cli {
namespace {

// Text for roff: backslashes and hyphens are taken literally, and no line begins with a
// control character.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    out += roff(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    out += ".PP\n";
    text.remove_prefix(end + 2);
  }
  return out;
}

std::string header(std::string_view title) {
  std::string upper(title);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format(".TH {} 1 \"\" \"snapferry {}\" \"Snapferry\"\n", roff(upper),
                     SNAPFERRY_VERSION);
}

std::string tagged(std::string_view tag, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", roff(tag), roff(text));
}

std::string options_section(std::string_view title, const std::vector<OptionSpec>& options) {
  if (options.empty()) return "";
  std::string out = fmt::format(".SH {}\n", title);
  for (const auto& option : options) out += tagged(option_label(option), option_help(option));
  return out;
}

std::string page_name(const CommandSpec& command) {
  std::string name = fmt::format("snapferry-{}", command.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string exit_status_section() {
  std::string out = ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_code_meanings()) {
    out += tagged(std::to_string(static_cast<int>(code)), meaning);
  }
  return out;
}

std::string environment_section() {
  return ".SH ENVIRONMENT\n" + tagged("SNAPFERRY_STORE", "the store where --store is not given") +
         tagged("SNAPFERRY_PASSWORD", "the password of the repository") +
         tagged("SNAPFERRY_NEW_PASSWORD", "the new password, for key add") +
         tagged("SNAPFERRY_CACHE",
                "where copies of the index and of directories are kept between runs; otherwise "
                "$XDG_CACHE_HOME/snapferry or ~/.cache/snapferry. It remembers, too, which store "
                "was at which address. Losing it "
                "costs only time, and that a changed store is noticed.");
}

}  // namespace

std::string man_page() {
  std::string out = header("snapferry");
  out += ".SH NAME\nsnapferry \\- back up every few minutes\n";
  out += ".SH SYNOPSIS\n.B snapferry\n.I COMMAND\n[ARGUMENTS] [OPTIONS]\n";
  out += ".SH DESCRIPTION\n" +
         paragraphs(
             "Backs up directory trees into an encrypted, deduplicating repository and "
             "brings them back. A backup reads only what changed since the last one, so "
             "it can run every few minutes.");
  out += ".SH COMMANDS\n";
  for (const CommandSpec* command : command_table()) {
    out += tagged(page_name(*command) + "(1)", command->summary);
  }
  out += options_section("COMMON OPTIONS", common_options());
  out += options_section("OPTIONS FOR THE STORE", store_options());
  out += ".SH WORDS\n";
  for (const auto& [word, meaning] : terms()) out += tagged(word, meaning);
  return out + environment_section() + exit_status_section();
}

std::string man_page(const CommandSpec& command) {
  const std::string name = page_name(command);
  std::string out = header(name);
  out += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(command.summary));
  out += fmt::format(".SH SYNOPSIS\n{}\n", roff(usage_line(command)));
  out += ".SH DESCRIPTION\n" + paragraphs(command.description);
  for (const auto& argument : command.arguments) out += tagged(argument.name, argument.help);
  out += options_section("OPTIONS", command.options);
  if (command.uses_store) out += options_section("OPTIONS FOR THE STORE", store_options());
  out += options_section("COMMON OPTIONS", common_options());
  if (!command.examples.empty()) out += ".SH EXAMPLES\n";
  for (const auto& example : command.examples) out += tagged(example.command, example.purpose);
  return out + exit_status_section() + ".SH SEE ALSO\n.BR snapferry (1)\n";
}

}  // namespace snapferry::cli
