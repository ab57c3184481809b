#pragma once

#include <chrono>
#include <cstdint>

#include "core/cancellation.h"
#include "replication/waiter.h"

namespace snapferry::simplesnap {

// Holds the pace of one stream at or below a rate, from its beginning on the average.
class Throttle {
 public:
  // `bytes_per_second` 0: no limit. Borrows both; `cancellation` may be nullptr.
  Throttle(std::uint64_t bytes_per_second, replication::Waiter& waiter,
           const Cancellation* cancellation)
      : rate_(bytes_per_second),
        waiter_(waiter),
        cancellation_(cancellation),
        start_(waiter.now()) {}

  // After `size` more bytes have passed: waits until their time has come.
  void passed(std::uint64_t size) {
    if (rate_ == 0) return;
    bytes_ += size;
    const std::chrono::duration<double> due(static_cast<double>(bytes_) /
                                            static_cast<double>(rate_));
    const auto left =
        start_ + std::chrono::duration_cast<std::chrono::nanoseconds>(due) - waiter_.now();
    if (left > std::chrono::nanoseconds(0)) waiter_.wait(left, cancellation_);
  }
  // How many bytes to move at once, so that a low rate does not come in bursts.
  std::size_t piece(std::size_t largest) const {
    return rate_ == 0 || rate_ / 10 > largest ? largest : static_cast<std::size_t>(rate_ / 10 + 1);
  }

 private:
  std::uint64_t rate_;
  replication::Waiter& waiter_;
  const Cancellation* cancellation_;
  std::chrono::nanoseconds start_;
  std::uint64_t bytes_ = 0;
};

}  // namespace snapferry::simplesnap
