#pragma once

#include <atomic>

#include "testing/observed_storage.h"

namespace snapferry::testing {

// What a call costs on a far storage.
struct Latency {
  std::uint64_t round_trip_microseconds = 0;
  std::uint64_t bytes_per_second = 0;  // 0: the line is infinitely fast
};

// Adds up the time that calls would have taken one after the other, without taking it.
// Safe from several threads.
class LatencyStorage : public ObservedStorage {
 public:
  LatencyStorage(blob::Storage& inner, Latency latency)
      : ObservedStorage(inner), latency_(latency) {}

  std::uint64_t microseconds() const { return microseconds_; }
  void reset() { microseconds_ = 0; }

 protected:
  // Also a call that fails takes its round trip.
  Ticket before(Verb, std::string_view) override {
    microseconds_ += latency_.round_trip_microseconds;
    return 0;
  }
  void after(Ticket, Verb, std::string_view, std::uint64_t bytes) override {
    if (latency_.bytes_per_second != 0) {
      microseconds_ += bytes * 1'000'000 / latency_.bytes_per_second;
    }
  }

 private:
  const Latency latency_;
  std::atomic<std::uint64_t> microseconds_{0};
};

}  // namespace snapferry::testing
