#pragma once

#include <functional>

namespace snapferry::testing {

// Runs `action` in a process that is killed before it does its first system call, then in another
// one before its second, and so on until it comes to its end; calls `look` after each of them. The
// action begins anew each time, and must not rely on other threads of this process. False if this
// system lets nobody trace a process; then nothing was looked at. Throws what `look` throws, and
// std::runtime_error where the action ends with a failure of its own.
[[nodiscard]] bool kill_before_each_call(const std::function<void()>& action,
                                         const std::function<void()>& look);

}  // namespace snapferry::testing
