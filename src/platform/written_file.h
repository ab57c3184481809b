#pragma once

#include <string_view>

#include "platform/fd.h"

namespace snapferry::platform {

// NFS, CIFS and FUSE tell only when a descriptor is closed that what was written to it does not
// fit, or did not arrive. So nothing that was written counts as written before one of these.

// Asks as close(2) would, by closing a duplicate; `fd` stays open. Throws as system_error.
void flush_written(int fd, std::string_view subject);

// Closes `fd`. Throws as system_error; it is closed in any case.
void close_written(Fd fd, std::string_view subject);

// Makes the content of `fd` durable where its filesystem can: one that has no such call is
// asked as a whole. Throws as system_error.
void sync_written(int fd, std::string_view subject);

}  // namespace snapferry::platform
