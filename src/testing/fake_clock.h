#pragma once

#include <atomic>

#include "core/wall_time.h"
#include "platform/clock.h"

namespace snapferry::testing {

// Stands still until it is told otherwise. Safe from several threads. Whole seconds.
class FakeClock : public platform::Clock {
 public:
  // 2026-03-01T12:00:00Z unless given.
  explicit FakeClock(std::int64_t seconds = 1'772'366'400) : seconds_(seconds) {}

  Timestamp now() override { return {seconds_.load(), 0}; }

  void set(std::int64_t seconds) { seconds_ = seconds; }
  // Negative durations turn it back.
  void advance(Duration duration) { seconds_ += duration.seconds; }

 private:
  std::atomic<std::int64_t> seconds_;
};

}  // namespace snapferry::testing
