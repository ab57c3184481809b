#pragma once

#include "core/entry.h"

namespace snapferry::platform {

// The time of day; passed in so that tests can stop it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() = 0;
};

// CLOCK_REALTIME.
Clock& system_clock();

}  // namespace snapferry::platform
