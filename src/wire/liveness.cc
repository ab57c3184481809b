#include "wire/liveness.h"

#include <algorithm>

namespace snapferry::wire {
namespace {

// What is left of `limit` since `since`; at least a millisecond, so that nobody spins.
Duration left(Duration limit, Instant since, Instant now) {
  const auto passed = std::chrono::duration_cast<Duration>(now - since);
  return std::max(limit - passed, Duration(1));
}

}  // namespace

Liveness::Look Liveness::look(Instant now) {
  if (!greeted_) {
    if (now - start_ >= limits_.hello) return {Verdict::NoHello, {}};
    return {Verdict::Wait, left(limits_.hello, start_, now)};
  }
  if (now - heard_ >= limits_.lost_after) return {Verdict::Lost, {}};
  Verdict verdict = Verdict::Wait;
  if (now - pinged_ >= limits_.ping_after) {
    pinged_ = now;
    verdict = Verdict::Ping;
  }
  return {verdict,
          std::min(left(limits_.ping_after, pinged_, now), left(limits_.lost_after, heard_, now))};
}

}  // namespace snapferry::wire
