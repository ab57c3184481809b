#include "platform/clock.h"

#include <ctime>

namespace snapferry::platform {
namespace {

class SystemClock : public Clock {
 public:
  Timestamp now() override {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace snapferry::platform
