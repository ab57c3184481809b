#pragma once

#include <chrono>
#include <functional>

namespace snapferry::wire {

using Duration = std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;
// Where the time comes from; tests give one that stands still.
using Now = std::function<Instant()>;

// How long what may take; PROTOCOL.md says why.
struct TimeLimits {
  Duration hello = std::chrono::seconds(30);       // until the peer's Hello
  Duration ping_after = std::chrono::seconds(15);  // of silence
  Duration lost_after = std::chrono::seconds(60);  // of silence, or with no byte taken
  Duration stall = std::chrono::minutes(15);       // without credit for a waiting sender
  Duration progress = std::chrono::minutes(15);    // of a request, without any sign of it
  Duration working = std::chrono::hours(24);       // of a request, without a byte of an answer
};

// Decides from the times alone whether the peer is still there. Use from one thread.
class Liveness {
 public:
  enum class Verdict { Wait, Ping, NoHello, Lost };
  struct Look {
    Verdict verdict = Verdict::Wait;
    Duration next{};  // look again after this
  };

  Liveness(const TimeLimits& limits, Instant start)
      : limits_(limits), start_(start), heard_(start), pinged_(start) {}

  void heard(Instant now) {
    heard_ = now;
    pinged_ = now;
  }
  void greeted() { greeted_ = true; }

  Look look(Instant now);

 private:
  TimeLimits limits_;
  Instant start_;
  Instant heard_;
  Instant pinged_;  // or heard, whichever was later
  bool greeted_ = false;
};

}  // namespace snapferry::wire
