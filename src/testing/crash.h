#pragma once

#include <cstdint>
#include <type_traits>

namespace snapferry::testing {

// What ends an action in the middle, as the end of its process would: no Error, so that nothing
// which deals with failures sees it.
struct Crashed {};

// Ends an action just before or just after one of its steps, and lets it do nothing from there on.
// Moments are counted from 1: before the first step, after it, before the second one, …
class Crash {
 public:
  explicit Crash(std::uint64_t moment) : moment_(moment) {}

  // Throws Crashed in its turn.
  template <class Step>
  auto around(Step step) {
    pass();
    if constexpr (std::is_void_v<decltype(step())>) {
      step();
      pass();
    } else {
      auto result = step();
      pass();
      return result;
    }
  }

  // Whether the action had fewer moments than that.
  bool came_too_late() const { return passed_ < moment_; }

 private:
  void pass() {
    if (++passed_ >= moment_) throw Crashed();
  }

  const std::uint64_t moment_;
  std::uint64_t passed_ = 0;
};

}  // namespace snapferry::testing
