#include "sandbox/capabilities.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace snapferry::sandbox {
namespace {

// As linux/capability.h numbers them.
constexpr std::array<std::string_view, 41> kNames = {"CHOWN",
                                                     "DAC_OVERRIDE",
                                                     "DAC_READ_SEARCH",
                                                     "FOWNER",
                                                     "FSETID",
                                                     "KILL",
                                                     "SETGID",
                                                     "SETUID",
                                                     "SETPCAP",
                                                     "LINUX_IMMUTABLE",
                                                     "NET_BIND_SERVICE",
                                                     "NET_BROADCAST",
                                                     "NET_ADMIN",
                                                     "NET_RAW",
                                                     "IPC_LOCK",
                                                     "IPC_OWNER",
                                                     "SYS_MODULE",
                                                     "SYS_RAWIO",
                                                     "SYS_CHROOT",
                                                     "SYS_PTRACE",
                                                     "SYS_PACCT",
                                                     "SYS_ADMIN",
                                                     "SYS_BOOT",
                                                     "SYS_NICE",
                                                     "SYS_RESOURCE",
                                                     "SYS_TIME",
                                                     "SYS_TTY_CONFIG",
                                                     "MKNOD",
                                                     "LEASE",
                                                     "AUDIT_WRITE",
                                                     "AUDIT_CONTROL",
                                                     "SETFCAP",
                                                     "MAC_OVERRIDE",
                                                     "MAC_ADMIN",
                                                     "SYSLOG",
                                                     "WAKE_ALARM",
                                                     "BLOCK_SUSPEND",
                                                     "AUDIT_READ",
                                                     "PERFMON",
                                                     "BPF",
                                                     "CHECKPOINT_RESTORE"};

using Sets = std::array<__user_cap_data_struct, 2>;

bool get_sets(Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, sets.data()) == 0;
}

bool put_sets(const Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
  return low | (static_cast<std::uint64_t>(high) << 32);
}

// False if some could not be dropped: only whoever may set capabilities may drop from the bounding
// set, and whoever may not has nothing to lose by it.
bool drop_from_bounding_set(std::uint64_t keep) {
  bool complete = true;
  for (int capability = 0; capability < 64; ++capability) {
    const int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (present < 0) break;
    if (present == 0 || ((keep >> capability) & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) complete = false;
  }
  return complete;
}

LayerReport of_capabilities(Grip grip, std::string detail) {
  return {SandboxLayer::Capabilities, grip, std::move(detail)};
}

}  // namespace

std::string capability_name(int capability) {
  if (capability >= 0 && static_cast<std::size_t>(capability) < kNames.size()) {
    return "CAP_" + std::string(kNames[static_cast<std::size_t>(capability)]);
  }
  return "CAP_" + std::to_string(capability);
}

LayerReport reduce_capabilities(std::span<const int> keep) {
  std::uint64_t wanted = 0;
  for (const int capability : keep) wanted |= std::uint64_t{1} << capability;
  Sets sets{};
  if (!get_sets(sets)) {
    return of_capabilities(Grip::None, std::string("cannot read them: ") + std::strerror(errno));
  }
  const std::uint64_t kept = joined(sets[0].permitted, sets[1].permitted) & wanted;
  const bool bounded = drop_from_bounding_set(wanted);
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto part = static_cast<std::uint32_t>(kept >> (32 * i));
    sets[i] = {.effective = part, .permitted = part, .inheritable = 0};
  }
  if (!put_sets(sets)) {
    return of_capabilities(Grip::None, std::string("cannot drop them: ") + std::strerror(errno));
  }
  std::string names;
  for (int capability = 0; capability < 64; ++capability) {
    if (((kept >> capability) & 1) == 0) continue;
    names += (names.empty() ? "" : ", ") + capability_name(capability);
  }
  if (!bounded && ::geteuid() == 0) {
    return of_capabilities(Grip::Partial,
                           "kept: " + names + "; the bounding set could not be reduced");
  }
  return of_capabilities(Grip::Full, names.empty() ? "none kept" : "kept: " + names);
}

}  // namespace snapferry::sandbox
