#pragma once

#include <chrono>

#include "core/cancellation.h"

namespace snapferry::replication {

// A clock that never steps, and the passing of time; a seam, so that tests never sleep.
// Safe from several threads.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual std::chrono::nanoseconds now() = 0;
  // Returns early once `cancellation` (which may be nullptr) is requested.
  virtual void wait(std::chrono::nanoseconds duration, const Cancellation* cancellation) = 0;
};

// CLOCK_MONOTONIC.
Waiter& system_waiter();

}  // namespace snapferry::replication
