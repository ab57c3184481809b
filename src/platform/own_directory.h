#pragma once

#include <functional>

namespace snapferry::platform {

// Runs `work` in a thread of its own that has a working directory and a umask that no other thread
// shares (CLONE_FS, unshare(2)), and waits for it. The working directory is `directory` unless that
// is AT_FDCWD. Returns what `work` does, with its errno; -1 with errno where the system does not
// allow it. Needs no privilege and nothing mounted, and costs as much as a thread does. `work` must
// not throw.
long in_own_directory(int directory, const std::function<long()>& work);

}  // namespace snapferry::platform
