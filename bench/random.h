#pragma once

#include <cmath>
#include <cstdint>

namespace snapferry::bench {

// A well mixed number from any numbers; the way to the seed of a part from the seed of
// the whole.
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}
template <typename... More>
constexpr std::uint64_t mix(std::uint64_t first, std::uint64_t second, More... more) {
  return mix(mix(first) ^ second, more...);
}

// SplitMix64: the same numbers from the same seed on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mix(state_++ * 0xd1342543de82ef95); }
  // In [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }
  // Normal with mean 0 and deviation 1, as a sum of uniforms.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += unit();
    return sum;
  }
  double exponential(double mean) { return -mean * std::log(1 - unit()); }

 private:
  std::uint64_t state_;
};

}  // namespace snapferry::bench
