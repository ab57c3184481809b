#pragma once

#include <string_view>

#include "core/error.h"

namespace snapferry::btrfs {

// EPERM says to root neither what is in the way nor what to do; these do. All other failures are
// as system_error.

// Throws PermissionDenied, with the remedy, where the attributes of the directory keep names from
// being made in it. `directory` may be an O_PATH descriptor.
void require_changeable(int directory, std::string_view subject);

// Of a system call that was to make something in `directory`.
Error failed_making(int number, int directory, std::string_view action, std::string_view subject);

// Of one that was to destroy a subvolume: Busy where a stream of it is being sent.
Error failed_destroying(int number, std::string_view action, std::string_view subject);

}  // namespace snapferry::btrfs
