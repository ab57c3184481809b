#pragma once

#include <string>

#include "platform/fd.h"

namespace snapferry::btrfs {

// Opens the directory `path`, with no symlink anywhere in it; `flags` are O_RDONLY or O_PATH. A
// volume is named by its path in the table of mounts, which has none. Through one, whoever may
// write into one volume could have another one frozen, or one made, that a policy does not cover,
// or that the administrator did not mean. Throws NotFound where there is one, else as system_error.
// A kernel before Linux 5.6 looks at the last part only.
platform::Fd open_unfollowed(const std::string& path, int flags);

}  // namespace snapferry::btrfs
