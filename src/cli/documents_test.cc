// Help, man pages and completion, which all come from the command table.
#include <algorithm>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/man.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// The exit status of `program FILE`, or -1 where the program is not installed.
int checked_by(const std::string& program, const std::string& text) {
  if (std::system(("command -v " + program.substr(0, program.find(' ')) + " >/dev/null").c_str())) {
    return -1;
  }
  const testing::TemporaryDirectory directory;
  const std::string file = directory / "text";
  platform::write_all(platform::open_path(file, O_WRONLY | O_CREAT, 0600).get(), as_bytes(text),
                      file);
  return std::system((program + " " + file + " >/dev/null 2>&1").c_str());
}

TEST(CommandTable, ExplainsEveryCommandWithExamples) {
  std::set<std::string_view> names;
  for (const CommandSpec* command : command_table()) {
    EXPECT_TRUE(names.insert(command->name).second) << command->name;
    EXPECT_NE(command->run, nullptr) << command->name;
    EXPECT_FALSE(command->summary.empty()) << command->name;
    EXPECT_FALSE(command->description.empty()) << command->name;
    EXPECT_TRUE(!command->examples.empty() || command->name == "version") << command->name;
  }
}

TEST(CommandTable, HasNoOptionTwice) {
  for (const CommandSpec* command : command_table()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const OptionSpec* option : options_of(*command)) {
      EXPECT_TRUE(names.insert(option->name).second) << command->name << option->name;
      EXPECT_TRUE(option->letter == 0 || letters.insert(option->letter).second) << option->name;
      EXPECT_FALSE(option->help.empty()) << option->name;
    }
  }
}

TEST(Help, SaysOnceThatAnOptionMayBeGivenSeveralTimes) {
  for (const CommandSpec* command : command_table()) {
    for (const OptionSpec* option : options_of(*command)) {
      EXPECT_FALSE(contains(std::string(option->help), "several times")) << option->name;
    }
  }
}

TEST(Help, NamesEveryCommandAndExitCode) {
  const std::string text = overview();
  for (const CommandSpec* command : command_table()) {
    EXPECT_TRUE(contains(text, command->summary.substr(0, 20))) << command->name;
  }
  for (const auto& [code, meaning] : exit_code_meanings()) {
    EXPECT_TRUE(contains(text, "\n  " + std::to_string(static_cast<int>(code)) + " "));
  }
}

TEST(Help, FitsEightyColumns) {
  for (const CommandSpec* command : command_table()) {
    const std::string text = help_for(*command);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      const bool verbatim = contains(text.substr(at, end - at), "snapferry ");
      EXPECT_TRUE(verbatim || end - at <= 80) << text.substr(at, end - at);
      at = end + 1;
    }
  }
}

TEST(Help, ShowsDefaultsChoicesAndExamples) {
  const std::string text = help_for(*find_command("init"));
  EXPECT_TRUE(contains(text, "--encryption password|none")) << text;
  EXPECT_TRUE(contains(text, "(default: password)"));
  EXPECT_TRUE(contains(text, "Examples:\n  snapferry init"));
}

TEST(ManPage, HasItsSectionsAndQuotesForRoff) {
  const std::string page = man_page(*find_command("key add"));
  EXPECT_TRUE(page.starts_with(".TH SNAPFERRY\\-KEY\\-ADD 1"));
  for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"}) {
    EXPECT_TRUE(contains(page, std::string(".SH ") + section)) << section;
  }
  EXPECT_TRUE(contains(man_page(), "snapferry\\-backup(1)"));
}

TEST(ManPage, BeginsNoLineOfTextWithAControlCharacter) {
  for (const CommandSpec* command : command_table()) {
    const std::string page = man_page(*command);
    for (std::size_t at = 0; at < page.size(); at = page.find('\n', at) + 1) {
      if (page[at] != '.') continue;
      const std::string request = page.substr(at, 3);
      EXPECT_TRUE(request == ".TH" || request == ".SH" || request == ".TP" || request == ".PP" ||
                  request == ".B " || request == ".BR")
          << page.substr(at, 40);
    }
  }
}

TEST(Completion, IsValidForEveryShellThatIsInstalled) {
  EXPECT_LE(checked_by("bash -n", bash_completion()), 0);
  EXPECT_LE(checked_by("zsh -n", zsh_completion()), 0);
  EXPECT_LE(checked_by("fish -n", fish_completion()), 0);
}

TEST(Completion, OfBashOffersCommandsOptionsAndChoices) {
  const testing::TemporaryDirectory directory;
  const auto completed = [&](const std::string& words, int index) {
    const std::string script = directory / "script";
    platform::write_all(platform::open_path(script, O_WRONLY | O_CREAT | O_TRUNC, 0600).get(),
                        as_bytes(bash_completion() + "COMP_WORDS=(" + words +
                                 ")\nCOMP_CWORD=" + std::to_string(index) +
                                 "\n_snapferry\necho \"${COMPREPLY[@]}\"\n"),
                        script);
    FILE* pipe = ::popen(("bash " + script).c_str(), "r");
    char line[4096] = {};
    EXPECT_NE(std::fgets(line, sizeof line, pipe), nullptr);
    ::pclose(pipe);
    return std::string(line);
  };
  EXPECT_EQ(completed("snapferry ba", 1), "backup\n");
  EXPECT_EQ(completed("snapferry key re", 2), "remove recovery\n");
  EXPECT_EQ(completed("snapferry restore --overwrite al", 3), "always\n");
  EXPECT_EQ(completed("snapferry backup --exclude-c", 2), "--exclude-caches\n");
  EXPECT_EQ(completed("snapferry key add --new", 3), "--new-password-file\n");
  EXPECT_EQ(completed("snapferry completion f", 2), "fish\n");
}

}  // namespace
}  // namespace snapferry::cli
