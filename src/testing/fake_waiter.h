#pragma once

#include <atomic>
#include <chrono>

#include "replication/waiter.h"

namespace snapferry::testing {

// Time passes only while somebody waits, and then at once. Safe from several threads.
class FakeWaiter : public replication::Waiter {
 public:
  std::chrono::nanoseconds now() override { return std::chrono::nanoseconds(now_.load()); }
  void wait(std::chrono::nanoseconds duration, const Cancellation* cancellation) override {
    if (cancellation != nullptr && cancellation->requested()) return;
    now_ += duration.count();
    ++waits_;
  }
  void advance(std::chrono::nanoseconds duration) { now_ += duration.count(); }
  int waits() const { return waits_; }

 private:
  std::atomic<std::int64_t> now_{1'000'000'000};
  std::atomic<int> waits_{0};
};

}  // namespace snapferry::testing
