#pragma once

#include <atomic>

#include "core/error.h"

namespace snapferry {

// Set once, from a signal handler or another thread; looked at between steps.
class Cancellation {
 public:
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }
  // Throws Cancelled once requested.
  void check() const {
    if (requested())
      throw Error(ErrorKind::Cancelled, "interrupted; run the command again to carry on");
  }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace snapferry
