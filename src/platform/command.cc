#include "platform/command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/printable.h"

extern char** environ;  // NOLINT

namespace snapferry::platform {
namespace {

constexpr std::size_t kErrorTail = 4096;
constexpr int kTerminateMilliseconds = 2000;
constexpr std::array<std::string_view, 5> kSystemDirectories = {"/usr/local/sbin", "/usr/sbin",
                                                                "/sbin", "/usr/bin", "/bin"};

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe(std::size_t size) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error(errno, "make it", "a pipe");
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (size > 0) (void)::fcntl(pipe.write.get(), F_SETPIPE_SZ, static_cast<int>(size));
  return pipe;
}

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::optional<std::string> search_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return name;
  } else {
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable == nullptr ? "" : variable;
    while (!rest.empty()) {
      const auto colon = rest.find(':');
      const auto directory = rest.substr(0, colon);
      rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
      // A relative part of PATH would run what lies in the working directory.
      if (directory.empty() || directory.front() != '/') continue;
      if (auto path = std::string(directory) + "/" + name; is_program(path)) return path;
    }
    for (const auto directory : kSystemDirectories) {
      if (auto path = std::string(directory) + "/" + name; is_program(path)) return path;
    }
  }
  return std::nullopt;
}

std::string find_program(const std::string& name) {
  if (auto path = search_program(name)) return *std::move(path);
  throw Error(ErrorKind::NotFound,
              name + ": no such program here; install the package that brings it");
}

std::vector<std::string> child_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("LC_") && !text.starts_with("LANG")) variables.emplace_back(text);
  }
  variables.emplace_back("LC_ALL=C");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// posix_spawn's actions and attributes, released whatever happens.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    // The ignored SIGPIPE and SIGXFSZ and any blocked signal of this process are not the child's
    // business.
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  void connect(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void connect_null(int to, int flags) {
    ::posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", flags, 0);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Keeps the end of what a process writes to standard error.
class ErrorTail {
 public:
  explicit ErrorTail(Fd pipe) : pipe_(std::move(pipe)), reader_([this] { drain(); }) {}
  ~ErrorTail() { join(); }
  std::string text() {
    join();
    return tail_;
  }

 private:
  void drain() {
    std::array<char, kErrorTail> buffer{};
    while (true) {
      const auto size = ::read(pipe_.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return;
      tail_.append(buffer.data(), static_cast<std::size_t>(size));
      if (tail_.size() > kErrorTail) tail_.erase(0, tail_.size() - kErrorTail);
    }
  }
  void join() {
    if (reader_.joinable()) reader_.join();
  }

  Fd pipe_;
  std::string tail_;
  std::thread reader_;
};

class SystemChild : public Child {
 public:
  SystemChild(pid_t pid, Fd input, Fd output, Fd errors)
      : pid_(pid), input_(std::move(input)), output_(std::move(output)) {
    if (errors.valid()) errors_ = std::make_unique<ErrorTail>(std::move(errors));
  }
  ~SystemChild() override {
    if (pid_ > 0) end();
  }

  int input() const override { return input_.get(); }
  int output() const override { return output_.get(); }
  void close_input() override { input_.reset(); }

  ExitReport wait() override {
    if (ended_) return *ended_;
    input_.reset();
    output_.reset();
    const int state = reap();
    ExitReport report;
    report.status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    if (errors_) report.errors = errors_->text();
    ended_ = report;
    return report;
  }

 private:
  int reap() {
    int state = 0;
    while (::waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return state;
  }

  // With its pipes closed most programs end by themselves; the others are told.
  void end() {
    input_.reset();
    output_.reset();
    ::kill(pid_, SIGTERM);
    if (!ends_within(kTerminateMilliseconds)) ::kill(pid_, SIGKILL);
    reap();
  }

  bool ends_within(int milliseconds) const {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!process.valid()) return false;
    pollfd wait{process.get(), POLLIN, 0};
    return ::poll(&wait, 1, milliseconds) > 0;
  }

  pid_t pid_;
  Fd input_;
  Fd output_;
  std::unique_ptr<ErrorTail> errors_;
  std::optional<ExitReport> ended_;
};

class SystemCommands : public Commands {
 public:
  std::unique_ptr<Child> start(const std::vector<std::string>& argv,
                               const StartOptions& options) override {
    const std::string program = find_program(argv.at(0));
    auto arguments = argv;
    auto variables = child_environment();
    SpawnSettings settings;
    Pipe input, output, errors;
    if (options.input) input = make_pipe(options.pipe_size);
    if (options.output) output = make_pipe(options.pipe_size);
    if (!options.inherit_errors && options.errors_to < 0) errors = make_pipe(0);
    connect(settings, STDIN_FILENO, input.read, O_RDONLY);
    connect(settings, STDOUT_FILENO, output.write, O_WRONLY);
    const int errors_to = errors.write.valid() ? errors.write.get() : options.errors_to;
    if (!options.inherit_errors) settings.connect(errors_to, STDERR_FILENO);
    pid_t pid = -1;
    const int failed =
        ::posix_spawn(&pid, program.c_str(), settings.actions(), settings.attributes(),
                      pointers(arguments).data(), pointers(variables).data());
    if (failed != 0) throw system_error(failed, "start it", program);
    return std::make_unique<SystemChild>(pid, std::move(input.write), std::move(output.read),
                                         std::move(errors.read));
  }

 private:
  static void connect(SpawnSettings& settings, int to, const Fd& pipe, int flags) {
    if (pipe.valid()) {
      settings.connect(pipe.get(), to);
    } else {
      settings.connect_null(to, flags);
    }
  }
};

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return std::string(newline == text.npos ? text : text.substr(newline + 1));
}

// Feeds `input` while it collects the output, so that neither side waits for ever.
class Exchange {
 public:
  Exchange(Child& child, std::string_view input, std::size_t limit,
           const Cancellation* cancellation)
      : child_(child), input_(input), limit_(limit), cancellation_(cancellation) {
    if (child.input() >= 0) ::fcntl(child.input(), F_SETFL, O_NONBLOCK);
  }

  std::string run(std::string_view subject) {
    if (input_.empty()) child_.close_input();
    while (true) {
      if (cancellation_ != nullptr) cancellation_->check();
      std::array<pollfd, 2> wait{pollfd{child_.output(), POLLIN, 0},
                                 pollfd{child_.input(), POLLOUT, 0}};
      const int ready = ::poll(wait.data(), wait.size(), 100);
      if (ready < 0 && errno != EINTR) throw system_error(errno, "wait for it", subject);
      if (ready <= 0) continue;
      if (wait[1].revents != 0) feed();
      if (wait[0].revents != 0 && !collect(subject)) return std::move(text_);
    }
  }

 private:
  void feed() {
    const auto size = ::write(child_.input(), input_.data(), input_.size());
    if (size > 0) input_.remove_prefix(static_cast<std::size_t>(size));
    const bool broken = size < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || input_.empty()) child_.close_input();
  }

  bool collect(std::string_view subject) {
    std::array<char, 1u << 16> buffer{};
    const auto size = ::read(child_.output(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) return true;
    if (size < 0) throw system_error(errno, "read its output", subject);
    text_.append(buffer.data(), static_cast<std::size_t>(size));
    if (text_.size() > limit_) {
      throw Error(ErrorKind::Corrupt, std::string(subject) + ": printed more than " +
                                          std::to_string(limit_) + " bytes, which is too much");
    }
    return size > 0;
  }

  Child& child_;
  std::string_view input_;
  const std::size_t limit_;
  const Cancellation* cancellation_;
  std::string text_;
};

}  // namespace

Output Commands::run(const std::vector<std::string>& argv, std::string_view input,
                     std::size_t limit, const Cancellation* cancellation) {
  const auto child = start(argv, {.input = !input.empty(), .output = true});
  Output output;
  output.text = Exchange(*child, input, limit, cancellation).run(argv[0]);
  output.exit = child->wait();
  return output;
}

std::optional<std::string> locate_program(const std::string& name) { return search_program(name); }

Commands& system_commands() {
  static SystemCommands commands;
  return commands;
}

Error command_error(const std::vector<std::string>& argv, const ExitReport& exit,
                    std::string_view next_step) {
  std::string command = argv.empty() ? "?" : argv[0];
  for (std::size_t i = 1; i < argv.size() && i < 3; ++i) command += " " + argv[i];
  std::string message = command + ": ";
  message += exit.status > 128 ? "ended by signal " + std::to_string(exit.status - 128)
                               : "exit status " + std::to_string(exit.status);
  if (const auto line = last_line(exit.errors); !line.empty()) message += ": " + printable(line);
  if (!next_step.empty()) message += "; " + std::string(next_step);
  return Error(ErrorKind::Unavailable, message);
}

}  // namespace snapferry::platform
