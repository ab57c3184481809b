#pragma once

#include <span>

#include "sandbox/sandbox.h"

namespace snapferry::sandbox {

// The version of Landlock that this kernel offers; 0: none, or switched off at boot.
int landlock_version();

// Allows what `grants` names and nothing else of the file systems, as far as the kernel's
// version goes; from ABI 4 (Linux 6.7) also no TCP, from ABI 6 (6.12) no signals and no abstract
// sockets of others. Needs no-new-privileges. Attaching and removing mounts is refused to a
// process under Landlock in any case. Not covered by any version: stat(2), chdir(2), chmod(2),
// chown(2), xattrs and ioctls of directories and files that can be opened (landlock(7)).
//
// Without `guard_reading` files can be read and directories listed wherever they are.
LayerReport restrict_files(std::span<const PathGrant> grants, bool guard_reading = true);

}  // namespace snapferry::sandbox
