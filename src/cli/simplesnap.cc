#include "cli/simplesnap.h"

#include <exception>
#include <functional>

#include <fmt/format.h>
#include <syslog.h>
#include <unistd.h>

#include "agent/sandbox_plan.h"
#include "core/error.h"
#include "core/printable.h"
#include "simplesnap/check.h"
#include "simplesnap/client_options.h"
#include "simplesnap/pull.h"
#include "simplesnap/request.h"
#include "simplesnap/serve.h"

namespace snapferry::cli {
namespace {

constexpr int kRefused = 10;
constexpr int kDatasetFailed = 100;

// The lines of one run in the system log.
class SystemLog {
 public:
  // Connects at once: a contained process makes no sockets.
  explicit SystemLog(const char* name) { ::openlog(name, LOG_PID | LOG_NDELAY, LOG_USER); }
  ~SystemLog() { ::closelog(); }
  SystemLog(const SystemLog&) = delete;
  SystemLog& operator=(const SystemLog&) = delete;

  static void info(std::string_view line) { write(LOG_INFO, line); }
  static void error(std::string_view line) { write(LOG_ERR, line); }

 private:
  static void write(int priority, std::string_view line) {
    ::syslog(priority, "%.*s", static_cast<int>(line.size()), line.data());
  }
};

void complain(Io& io, std::string_view program, std::string_view message) {
  const auto shown = printable(message);
  SystemLog::error(shown);
  io.err.write(fmt::format("{}: {}\n", program, shown));
  io.err.flush();
}

int guarded(Io& io, std::string_view program, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    complain(io, program, error.message());
  } catch (const std::exception& error) {
    complain(io, program, fmt::format("internal error: {}; please report it", error.what()));
  } catch (const BrokenPipe&) {
  }
  return kRefused;
}

std::optional<simplesnap::Request> request_of(std::span<const std::string> args, Io& io) {
  if (args.size() > 1 && args[0] == "reinvoked") {
    // args[1] is the program's name.
    return simplesnap::parse_words({args.begin() + 2, args.end()});
  }
  const auto command = io.variable("SSH_ORIGINAL_COMMAND");
  if (!command) return std::nullopt;
  return simplesnap::parse_command(*command);
}

// Before a word of the peer is looked at. The forced command has no options, so what a kernel
// lacks is no reason not to serve; the log says it.
void contain() {
  const auto report =
      sandbox::enter_sandbox(agent::plan_simplesnap_sandbox(), sandbox::SandboxMode::BestEffort);
  for (const auto& layer : report.layers) {
    if (layer.grip == sandbox::Grip::Full) continue;
    SystemLog::error(fmt::format("sandbox: {}: {}", to_string(layer.layer), layer.detail));
  }
}

}  // namespace

int run_simplesnapwrap(std::span<const std::string> args, Io& io) {
  const SystemLog log("simplesnapwrap");
  return guarded(io, "simplesnapwrap", [&] {
    contain();
    const auto request = request_of(args, io);
    if (!request) {
      // simplesnap(8) tells people to look for this line after they have set up the key.
      io.out.write("simplesnapwrap: This program is to be run from ssh.\n");
      io.out.flush();
      return kRefused;
    }
    simplesnap::ServerContext context{.commands = platform::system_commands(),
                                      .calls = zfs::system_pool_calls(),
                                      .clock = io.clock,
                                      .waiter = replication::system_waiter(),
                                      .cancellation = &io.cancellation,
                                      .output = STDOUT_FILENO,
                                      .log = SystemLog::info};
    simplesnap::serve(*request, context);
    return 0;
  });
}

int run_simplesnap(std::span<const std::string> args, Io& io) {
  const SystemLog log("simplesnap");
  return guarded(io, "simplesnap", [&] {
    simplesnap::ClientOptions options;
    try {
      options = simplesnap::parse_client_options({args.begin(), args.end()});
    } catch (const Error&) {
      io.err.write(simplesnap::client_usage());
      throw;
    }
    simplesnap::ClientContext context{
        .commands = platform::system_commands(),
        .calls = zfs::system_pool_calls(),
        .clock = io.clock,
        .waiter = replication::system_waiter(),
        .cancellation = &io.cancellation,
        .log = SystemLog::info,
        .warn = [&](std::string_view line) { complain(io, "simplesnap", line); }};
    if (!options.check.empty()) {
      const auto stale = simplesnap::check(options, context);
      for (const auto& line : stale) context.warn(line);
      return stale.empty() ? 0 : kRefused;
    }
    const auto failed = options.reap_only ? simplesnap::reap_only(options, context)
                                          : simplesnap::pull(options, context);
    return failed == 0 ? 0 : kDatasetFailed;
  });
}

std::optional<NamedProgram> program_named(std::string_view argv0) {
  const auto name = argv0.substr(argv0.rfind('/') + 1);
  if (name == "simplesnapwrap") return run_simplesnapwrap;
  if (name == "simplesnap") return run_simplesnap;
  return std::nullopt;
}

}  // namespace snapferry::cli
