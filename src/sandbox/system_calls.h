#pragma once

#include <cstdint>
#include <span>

#include "sandbox/sandbox.h"

namespace snapferry::sandbox {

// Lets through the system calls that the agent, zfs(8), btrfs(8) and libc make to list, snapshot,
// send and receive; of ioctl(2) only the requests in `ioctls` (type << 8 | number), execve(2) only
// with `programs`. Calls that nobody but an attacker makes here (ptrace, bpf, kexec, modules,
// namespaces, the new mount calls, …) end the process; calls that libc may try in good faith
// (socket, mount, set-id) fail with EPERM; all others with ENOSYS, so that a newer libc falls back
// to what it used before. Of clone(2) the flags for namespaces are refused, and clone3(2), whose
// flags cannot be seen. Needs no-new-privileges. Holds for children, too.
//
// SystemCallSet::Agent can open files to write them, but not make directories or links, nor rename,
// cut or remove anything, nor change owners, modes, times or attributes. SystemCallSet::Files can.
// SystemCallSet::ViewBroker also has fsopen(2), fsconfig(2) and fsmount(2), whose mounts are seen
// by nobody else, and what contains a child further. SystemCallSet::View has reading alone: files
// can be opened to be read and in no other way, nothing can be made, changed or removed, no process
// and no socket made.
LayerReport restrict_system_calls(SystemCallSet calls, std::span<const std::uint16_t> ioctls,
                                  bool programs);

}  // namespace snapferry::sandbox
