#include "replication/waiter.h"

#include <algorithm>
#include <thread>

namespace snapferry::replication {
namespace {

using std::chrono::nanoseconds;

class SystemWaiter : public Waiter {
 public:
  nanoseconds now() override { return std::chrono::steady_clock::now().time_since_epoch(); }

  // In pieces, because a signal handler that requests a cancellation can wake nobody.
  void wait(nanoseconds duration, const Cancellation* cancellation) override {
    constexpr nanoseconds kPiece = std::chrono::milliseconds(100);
    const nanoseconds end = now() + duration;
    for (nanoseconds left = duration; left.count() > 0; left = end - now()) {
      if (cancellation != nullptr && cancellation->requested()) return;
      std::this_thread::sleep_for(std::min(left, kPiece));
    }
  }
};

}  // namespace

Waiter& system_waiter() {
  static SystemWaiter waiter;
  return waiter;
}

}  // namespace snapferry::replication
