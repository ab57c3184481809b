#pragma once

#include <cstdint>

namespace snapferry {

// Takes `value` into `state`, so that different values give different states for all practical
// purposes; no protection from who wants them to be alike. It is the finaliser of SplitMix64.
inline std::uint64_t mix(std::uint64_t state, std::uint64_t value) {
  state = (state ^ value) + 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

}  // namespace snapferry
