#pragma once

#include <functional>
#include <vector>

namespace snapferry::testing {

// A system call (its SYS_ number) that fails, and with which errno.
struct RefusedCall {
  int call = 0;
  int number = 0;
};

// Runs `action` on a thread of its own that the kernel refuses these calls, as a poor filesystem
// would: seccomp(2). What it throws is thrown here. False if this system cannot do that; then
// `action` did not run.
[[nodiscard]] bool with_refused_calls(const std::vector<RefusedCall>& calls,
                                      const std::function<void()>& action);

// Runs `action` on a thread that sees no /proc: in a mount namespace of its own, with an empty
// directory there. False where that needs more privileges.
[[nodiscard]] bool without_proc(const std::function<void()>& action);

}  // namespace snapferry::testing
