#pragma once

#include <span>
#include <string>

#include "sandbox/sandbox.h"

namespace snapferry::sandbox {

// Moves this process into a mount namespace of its own that has nothing but the paths of `grants`,
// at the same places in an otherwise empty, read-only root: other mounts of the same filesystem,
// and with them the files of others, are not there to be opened by any name or handle. Nothing
// there is set-user-id; but for PathAccess::Device no device can be opened, though device nodes can
// be made; but for PathAccess::Execute nothing can be started; but for PathAccess::Tree and
// Directories nothing can be written. Mounts below a granted path are not there unless they are
// granted, too.
//
// Returns "", or why it could not be done (it needs CAP_SYS_ADMIN and Linux 5.12); nothing has
// changed then. Throws as system_error where it failed half way. Descriptors that are open stay.
// Call it while there is one thread.
std::string enter_own_mounts(std::span<const PathGrant> grants);

}  // namespace snapferry::sandbox
