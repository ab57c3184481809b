#include "platform/process_identity.h"

#include <array>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::platform {
namespace {

std::string first_line(const std::string& path) {
  try {
    const Bytes bytes = read_file(path, 4096);
    std::string text(as_text(bytes));
    return text.substr(0, text.find('\n'));
  } catch (const Error&) {
    return {};
  }
}

// The name in parentheses may hold anything, also spaces and parentheses.
std::optional<std::uint64_t> start_time_of(std::uint64_t pid) {
  const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
  std::size_t position = line.rfind(')');
  if (position == std::string::npos) return std::nullopt;
  for (int field = 2; field < 22; ++field) {
    position = line.find(' ', position + 1);
    if (position == std::string::npos) return std::nullopt;
  }
  return std::strtoull(line.c_str() + position + 1, nullptr, 10);
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

ProcessIdentity this_process() {
  ProcessIdentity process;
  process.host = host_name();
  process.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) == 0) process.pid_namespace = status.st_ino;
  process.pid = static_cast<std::uint64_t>(::getpid());
  process.start_time = start_time_of(process.pid).value_or(0);
  return process;
}

Presence look_for(const ProcessIdentity& process) {
  const ProcessIdentity self = this_process();
  const bool here = !self.boot_id.empty() && process.boot_id == self.boot_id &&
                    process.pid_namespace == self.pid_namespace && self.pid_namespace != 0;
  if (!here) return Presence::Unknown;
  const auto start = start_time_of(process.pid);
  return start && *start == process.start_time ? Presence::Running : Presence::Gone;
}

}  // namespace snapferry::platform
