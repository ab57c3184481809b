#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace snapferry::cli {

// A line of words as a program and its arguments: divided by blanks, which single
// quotes, double quotes and backslashes protect. Nothing else is special; no shell
// ever sees it. Throws InvalidArgument for an open quote or an empty line.
std::vector<std::string> split_words(std::string_view line);

// Where a password may come from; the first that is given counts, an option before the
// environment, and the terminal last.
struct PasswordSources {
  std::string_view file_option;     // "--password-file"
  std::string_view command_option;  // "--password-command"; empty: none
  std::string variable;             // "SNAPFERRY_PASSWORD"
  std::string prompt;               // "password of repo:/srv/backups: "
  bool twice = false;               // asked again on the terminal, because it is new
};

// Whether one of them is given, so that nobody would be asked.
bool is_password_given(const Context& context, const PasswordSources& sources);

// Never empty. Throws WrongPassword where nothing is given and nobody can be asked,
// InvalidArgument for an empty password or two that differ, and what the file or the
// command fails with.
std::string obtain_password(Context& context, const PasswordSources& sources);

PasswordSources password_of_store(std::string_view store);
PasswordSources first_password_of_store(std::string_view store);
// For `key add`.
PasswordSources new_password_of_store(std::string_view store);

}  // namespace snapferry::cli
