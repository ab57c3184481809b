#pragma once

#include <cstdint>
#include <string>

namespace snapferry::platform {

// Tells a process from every other one, on this machine and elsewhere, also after its
// pid was used again. What could not be found out is empty or 0.
struct ProcessIdentity {
  std::string host;
  std::string machine_id;           // machine-id(5)
  std::string boot_id;              // /proc/sys/kernel/random/boot_id
  std::uint64_t pid_namespace = 0;  // inode of /proc/self/ns/pid
  std::uint64_t pid = 0;
  // Field 22 of /proc/PID/stat, proc(5); 0 also in a time namespace of its own, where it means
  // something else than outside.
  std::uint64_t start_time = 0;
  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity this_process();

// The name of this machine, gethostname(2).
std::string host_name();

enum class Presence {
  Running,
  Gone,      // certainly: it was in this pid namespace since this boot
  Rebooted,  // it was on this machine before the last boot, as far as machine-id and host tell
  Unknown,   // on another machine, in another container, or nothing is known that would tell
};

// Whether `process` still runs, as far as `self`, which must be this_process(), can tell. What is
// not known makes it Unknown, never Gone.
Presence look_for(const ProcessIdentity& process, const ProcessIdentity& self);

// Seconds since the machine was started, those in which it was suspended with them: for measuring
// how long something took, whatever becomes of the time of day (CLOCK_BOOTTIME).
std::int64_t seconds_since_boot();

}  // namespace snapferry::platform
