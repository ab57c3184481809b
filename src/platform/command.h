#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "platform/fd.h"

namespace snapferry::platform {

// How a process ended.
struct ExitReport {
  int status = 0;      // exit status; 128 + number of the signal that killed it
  std::string errors;  // the last 4 KiB of what it wrote to standard error
  bool ok() const { return status == 0; }
};

// A process that was started, with pipes to it. Destroying it before wait() ends it: SIGTERM, and
// SIGKILL after two seconds; either way it is reaped.
class Child {
 public:
  virtual ~Child() = default;
  // The pipe into its standard input; -1 if it has none or it was closed.
  virtual int input() const = 0;
  // The pipe out of its standard output; -1 if it has none.
  virtual int output() const = 0;
  virtual void close_input() = 0;
  // Closes both pipes and waits. Standard error is drained all the while, by a thread of its own,
  // so a talkative process never blocks. Once more, it returns the same again.
  virtual ExitReport wait() = 0;
};

struct StartOptions {
  bool input = false;                // a pipe; otherwise /dev/null
  bool output = false;               // a pipe; otherwise /dev/null
  std::size_t pipe_size = 1u << 20;  // F_SETPIPE_SZ, as far as the system allows
  bool inherit_errors = false;       // standard error stays that of this process (ssh asking on it)
  int errors_to = -1;                // otherwise standard error goes there, borrowed, if it is set
};

struct Output {
  ExitReport exit;
  std::string text;  // standard output
};

// The seam to other programs. Commands are argument vectors, never a shell. argv[0] is looked up
// in PATH, and in /usr/local/sbin, /usr/sbin and /sbin. The environment is that of this process
// with LC_ALL=C. Safe from several threads.
class Commands {
 public:
  virtual ~Commands() = default;

  // Throws NotFound if there is no such program: "zfs: not installed; …", Unavailable where no
  // process can be made.
  virtual std::unique_ptr<Child> start(const std::vector<std::string>& argv,
                                       const StartOptions& options) = 0;

  // Runs to the end with `input` on its standard input and returns what it printed, whatever the
  // exit status. Throws Corrupt if it prints more than `limit` bytes (the process is ended then),
  // Cancelled.
  virtual Output run(const std::vector<std::string>& argv, std::string_view input = {},
                     std::size_t limit = 1u << 30, const Cancellation* cancellation = nullptr);
};

Commands& system_commands();

// Where `name` would be found, as said above; nullopt if there is no such program.
std::optional<std::string> locate_program(const std::string& name);

// "zfs list -H: exit status 1: …the last line of standard error…", as one line that may be shown
// (what ssh says may be the far end's words), of kind Unavailable. `next_step` is appended behind
// "; " unless it is empty.
Error command_error(const std::vector<std::string>& argv, const ExitReport& exit,
                    std::string_view next_step = {});

}  // namespace snapferry::platform
