#pragma once

#include <cstdint>
#include <string>

namespace snapferry::platform {

// Tells a process from every other one, on this machine and elsewhere, also after its
// pid was used again.
struct ProcessIdentity {
  std::string host;
  std::string boot_id;              // /proc/sys/kernel/random/boot_id
  std::uint64_t pid_namespace = 0;  // inode of /proc/self/ns/pid
  std::uint64_t pid = 0;
  std::uint64_t start_time = 0;  // field 22 of /proc/PID/stat, proc(5)
  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity this_process();

// The name of this machine, gethostname(2).
std::string host_name();

enum class Presence {
  Running,
  Gone,
  Unknown,  // on another machine, in another container or before a reboot of an unknown one
};

// Whether that process still runs, as far as this one can tell.
Presence look_for(const ProcessIdentity& process);

}  // namespace snapferry::platform
