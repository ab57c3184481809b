#include "cli/backup_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/format.h"
#include "core/error.h"
#include "platform/command.h"

namespace snapferry::cli {
namespace {

void check_input(int fd) {
  const auto refuse = [](std::string_view cause) {
    throw Error(
        ErrorKind::InvalidArgument,
        fmt::format("standard input: {}; pipe or redirect into it what is to be backed up", cause));
  };
  const int flags = ::fcntl(fd, F_GETFL);
  struct stat status {};
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || ::fstat(fd, &status) != 0) {
    refuse("is closed, or not open for reading");
  }
  if (S_ISDIR(status.st_mode)) refuse("is a directory");
  if (::isatty(fd) == 1) refuse("is a terminal");
}

tree::BackupResult back_up_output(const std::vector<std::string>& command, ObjectSink& sink,
                                  const tree::BackupOptions& options) {
  const auto child =
      platform::system_commands().start(command, {.output = true, .inherit_errors = true});
  auto result = tree::backup_stream(child->output(), sink, options);
  const platform::ExitReport exit = child->wait();
  if (!exit.ok()) {
    const std::string how = exit.status > 128 ? fmt::format("signal {}", exit.status - 128)
                                              : fmt::format("exit status {}", exit.status);
    throw Error(ErrorKind::Unavailable,
                fmt::format("{}: failed with {}; nothing was kept of its output, find out why and "
                            "run the backup again",
                            printable(command.front()), how));
  }
  return result;
}

}  // namespace

tree::BackupResult back_up_stream(Context& context, const BackupRequest& request, ObjectSink& sink,
                                  const tree::BackupOptions& options) {
  const bool input = request.command.empty();
  if (input) check_input(context.io.input);
  auto result = input ? tree::backup_stream(context.io.input, sink, options)
                      : back_up_output(request.command, sink, options);
  if (result.root.size == 0 && !request.allow_empty) {
    throw Error(ErrorKind::Unavailable,
                fmt::format("{}: gave not a single byte; nothing was kept, give --allow-empty if "
                            "that is as it should be",
                            input ? "standard input" : printable(request.command.front())));
  }
  return result;
}

}  // namespace snapferry::cli
