#include "cli/password.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/fd.h"
#include "repository/crypto.h"

extern char** environ;

namespace snapferry::cli {
namespace {

constexpr std::size_t kMaxPasswordFile = 64 << 10;

// Of bytes that are a secret, too, and are wiped.
std::string take_first_line(Bytes& bytes) {
  const std::string_view text = as_text(bytes);
  std::string line(text.substr(0, text.find('\n')));
  repository::wipe(bytes);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// Whatever went wrong, it is about the password: NotFound would be taken for a store that is not
// there.
[[noreturn]] void no_password(const std::string& message) {
  throw Error(ErrorKind::WrongPassword, message);
}

std::string from_file(const std::string& path) {
  try {
    Bytes bytes = platform::read_file(path, kMaxPasswordFile);
    return take_first_line(bytes);
  } catch (const Error& error) {
    no_password(error.message() + "; give the file that holds the password");
  }
}

struct SpawnActions {
  SpawnActions() { posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }
  posix_spawn_file_actions_t actions;
};

pid_t spawn(const std::vector<std::string>& words, int output) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  SpawnActions spawn_actions;
  posix_spawn_file_actions_adddup2(&spawn_actions.actions, output, STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, argv[0], &spawn_actions.actions, nullptr, argv.data(), environ);
  if (error != 0) {
    no_password(system_error(error, "run it for the password", words[0]).message() +
                "; give a program that prints the password");
  }
  return child;
}

std::string from_command(const std::string& line) {
  const auto words = split_words(line);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "make a pipe", words[0]);
  platform::Fd reader(ends[0]);
  platform::Fd writer(ends[1]);
  const pid_t child = spawn(words, writer.get());
  writer.reset();
  Bytes bytes(kMaxPasswordFile);
  bytes.resize(platform::read_up_to(reader.get(), bytes.data(), bytes.size(), words[0]));
  reader.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    no_password(fmt::format("{}: gave no password ({} {}); run it by hand to see why", words[0],
                            WIFEXITED(status) ? "exit code" : "signal",
                            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
  }
  return take_first_line(bytes);
}

[[noreturn]] void cannot_ask(const PasswordSources& sources) {
  std::string options(sources.file_option);
  if (!sources.command_option.empty()) options += " or " + std::string(sources.command_option);
  throw Error(ErrorKind::WrongPassword,
              fmt::format("no {}password given, and no terminal to ask on; set {}, or use {}",
                          sources.twice ? "new " : "", sources.variable, options));
}

std::string from_terminal(Context& context, const PasswordSources& sources) {
  if (!context.io.ask_secret) {
    cannot_ask(sources);
  }
  std::string password;
  try {
    password = context.io.ask_secret(sources.prompt);
  } catch (const Error& error) {
    // There is no terminal; which password it is about, it does not know.
    if (error.kind() == ErrorKind::WrongPassword) cannot_ask(sources);
    throw;
  }
  if (sources.twice && context.io.ask_secret("the same again: ") != password) {
    throw Error(ErrorKind::InvalidArgument, "the two passwords differ; try again");
  }
  return password;
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  char quote = 0;
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) {
    throw Error(ErrorKind::InvalidArgument, "--password-command: a quote is left open; close it");
  }
  if (words.empty() || words[0].empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "--password-command: it is empty; give a program and its arguments");
  }
  return words;
}

bool is_password_given(const Context& context, const PasswordSources& sources) {
  return context.options.given(sources.command_option) ||
         context.options.given(sources.file_option) || context.io.variable(sources.variable);
}

std::string obtain_password(Context& context, const PasswordSources& sources) {
  std::string password;
  if (const auto command = context.options.given(sources.command_option)) {
    password = from_command(*command);
  } else if (const auto file = context.options.given(sources.file_option)) {
    password = from_file(*file);
  } else if (const auto variable = context.io.variable(sources.variable)) {
    password = *variable;
  } else {
    password = from_terminal(context, sources);
  }
  if (password.empty()) {
    throw Error(ErrorKind::InvalidArgument, "the password is empty; give one that is not");
  }
  return password;
}

PasswordSources password_of_store(std::string_view store) {
  return {"--password-file", "--password-command", "SNAPFERRY_PASSWORD",
          fmt::format("password of {}: ", store)};
}

PasswordSources first_password_of_store(std::string_view store) {
  auto sources = password_of_store(store);
  sources.prompt = fmt::format("choose a password for {}: ", store);
  sources.twice = true;
  return sources;
}

PasswordSources new_password_of_store(std::string_view store) {
  return {"--new-password-file", "", "SNAPFERRY_NEW_PASSWORD",
          fmt::format("new password for {}: ", store), true};
}

}  // namespace snapferry::cli
