#include "platform/process_identity.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
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

// Of /proc/PID/stat, proc(5).
struct ProcessStatus {
  char state = 0;
  std::uint64_t start_time = 0;
};

// The name in parentheses may hold anything, also spaces and parentheses.
std::optional<ProcessStatus> status_of(const std::string& process) {
  const std::string line = first_line("/proc/" + process + "/stat");
  std::size_t position = line.rfind(')');
  if (position == std::string::npos || position + 2 >= line.size()) return std::nullopt;
  ProcessStatus status;
  status.state = line[position + 2];
  for (int field = 2; field < 22; ++field) {
    position = line.find(' ', position + 1);
    if (position == std::string::npos) return std::nullopt;
  }
  status.start_time = std::strtoull(line.c_str() + position + 1, nullptr, 10);
  return status;
}

// In a time namespace with an offset of its own, start times are moved by it (time_namespaces(7)).
bool has_own_boot_time() {
  const std::string path = "/proc/self/timens_offsets";
  try {
    const std::string text(as_text(read_file(path, 4096)));
    const auto boottime = text.find("boottime");
    if (boottime == std::string::npos) return true;
    return text.find_first_of("123456789", boottime + 8) != std::string::npos;
  } catch (const Error& error) {
    return error.kind() != ErrorKind::NotFound;  // a kernel without time namespaces
  }
}

// Whether /proc shows the pid namespace that this process is in: `unshare --pid` alone leaves that
// of its parent mounted, where our numbers are those of others.
bool proc_is_ours() {
  std::array<char, 32> target{};
  const ssize_t length = ::readlink("/proc/self", target.data(), target.size() - 1);
  return length > 0 && std::to_string(::getpid()) == target.data();
}

// kill(2) sees every process of this namespace, also where /proc is missing or hides those of
// other users.
Presence look_for_pid(const ProcessIdentity& process, const ProcessIdentity& self) {
  constexpr std::uint64_t kLargestPid = 1u << 22;
  if (process.pid == 0 || process.pid > kLargestPid) return Presence::Unknown;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return Presence::Gone;
  if (process.start_time == 0 || self.start_time == 0 || !proc_is_ours()) return Presence::Unknown;
  const auto status = status_of(std::to_string(process.pid));
  if (!status || status->start_time == 0) return Presence::Unknown;
  const bool has_ended = status->state == 'Z' || status->state == 'X';
  return status->start_time == process.start_time && !has_ended ? Presence::Running
                                                                : Presence::Gone;
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
  process.machine_id = first_line("/etc/machine-id");
  process.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) == 0) process.pid_namespace = status.st_ino;
  process.pid = static_cast<std::uint64_t>(::getpid());
  if (!has_own_boot_time()) {
    process.start_time = status_of("self").value_or(ProcessStatus{}).start_time;
  }
  return process;
}

Presence look_for(const ProcessIdentity& process, const ProcessIdentity& self) {
  if (self.boot_id.empty() || process.boot_id.empty()) return Presence::Unknown;
  if (process.boot_id != self.boot_id) {
    const bool same_machine = !self.machine_id.empty() && process.machine_id == self.machine_id &&
                              process.host == self.host;
    return same_machine ? Presence::Rebooted : Presence::Unknown;
  }
  const bool same_namespace =
      self.pid_namespace != 0 && process.pid_namespace == self.pid_namespace;
  return same_namespace ? look_for_pid(process, self) : Presence::Unknown;
}

std::int64_t seconds_since_boot() {
  struct timespec time {};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec;
}

}  // namespace snapferry::platform
