// One big stream through the protocol, to be held against a plain pipe.
//
//   bench_wire far FILE            serves FILE, through a pipe from cat, on standard input
//                                  and output
//   bench_wire near FILE COMMAND…  has COMMAND (ssh -p 2222 host) start the far end, and
//                                  writes what comes into a pipe to cat, which drops it
//   bench_wire local FILE          both in one process, over a socket pair
//
// The last two print bytes, seconds and MB/s. See README.md for the plain pipes beside them.

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/command.h"
#include "wire/connection.h"
#include "wire/pump.h"
#include "wire/ssh_transport.h"

namespace {

using namespace snapferry;  // NOLINT: a program, not a header

class CatStream : public Stream {
 public:
  explicit CatStream(const std::string& file)
      : child_(platform::system_commands().start({"cat", file}, {.output = true})) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = ::read(child_->output(), buffer.data(), buffer.size());
    return size < 0 ? 0 : static_cast<std::size_t>(size);
  }
  void finish() override { child_->wait(); }
  int pipe() const override { return child_->output(); }

 private:
  std::unique_ptr<platform::Child> child_;
};

void serve(platform::Fd input, platform::Fd output, const std::string& file) {
  wire::Connection connection(std::move(input), std::move(output), {.role = wire::Role::Server});
  while (auto channel = connection.accept()) {
    CatStream stream(file);
    wire::pump(stream, *channel);
  }
}

void drop(wire::Connection& connection) {
  const auto start = std::chrono::steady_clock::now();
  auto channel = connection.request(wire::Verb::SourceSend, {});
  const auto sink =
      platform::system_commands().start({"sh", "-c", "exec cat >/dev/null"}, {.input = true});
  Bytes buffer(1u << 17);
  std::uint64_t total = 0;
  while (const auto size = channel.read(buffer)) {
    platform::write_all(sink->input(), ByteView(buffer).first(size), "cat");
    total += size;
  }
  sink->wait();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%llu bytes in %.2f s: %.0f MB/s\n", static_cast<unsigned long long>(total),
              seconds.count(), static_cast<double>(total) / 1e6 / seconds.count());
}

void run_local(const std::string& file) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw system_error(errno, "make it", "a socket");
  std::thread server([&] {
    try {
      serve(platform::Fd(ends[0]), platform::Fd(::fcntl(ends[0], F_DUPFD_CLOEXEC, 3)), file);
    } catch (const Error& error) {
      std::fprintf(stderr, "far: %s\n", error.what());
    }
  });
  {
    wire::Connection client(platform::Fd(ends[1]),
                            platform::Fd(::fcntl(ends[1], F_DUPFD_CLOEXEC, 3)), {});
    drop(client);
  }
  server.join();
}

void run_near(const std::string& self, const std::string& file, std::vector<std::string> command) {
  const std::string host = command.back();
  command.pop_back();
  wire::SshOptions options;
  options.command = command;
  options.remote_command = {self, "far", file};
  const auto transport = wire::SshTransport::open(platform::system_commands(), host, options);
  drop(transport->connection());
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[1] == "far") {
    serve(platform::Fd(::dup(0)), platform::Fd(::dup(1)), arguments[2]);
  } else if (arguments.size() == 3 && arguments[1] == "local") {
    run_local(arguments[2]);
  } else if (arguments.size() > 3 && arguments[1] == "near") {
    run_near(arguments[0], arguments[2], {arguments.begin() + 3, arguments.end()});
  } else {
    std::fprintf(stderr, "usage: %s far FILE | local FILE | near FILE SSH… HOST\n",
                 arguments[0].c_str());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run({arguments, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
