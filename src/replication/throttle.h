#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/cancellation.h"
#include "core/stream.h"
#include "replication/waiter.h"

namespace snapferry::replication {

// A rate that several streams share. Safe from several threads.
class RateLimit {
 public:
  // `bytes_per_second` > 0. Half a second's bytes may pass at once after a pause.
  RateLimit(std::uint64_t bytes_per_second, Waiter& waiter);

  // Accounts for `bytes` that have just passed, and waits until the next ones may.
  void pay(std::uint64_t bytes, const Cancellation* cancellation);
  // How many bytes to take at once, so that the flow is even.
  std::size_t piece() const { return piece_; }

 private:
  const double nanoseconds_per_byte_;
  const std::size_t piece_;
  Waiter& waiter_;
  std::mutex mutex_;
  std::chrono::nanoseconds paid_until_{0};
};

// `inner`, no faster than `limit`, which has to outlive it. Has no pipe.
std::unique_ptr<Stream> throttled(std::unique_ptr<Stream> inner, RateLimit& limit,
                                  const Cancellation* cancellation);

}  // namespace snapferry::replication
