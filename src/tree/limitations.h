#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry::tree {

// What cannot be restored here at all: kept once, however many files it concerns.
// Safe from several threads.
class Limitations {
 public:
  void add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (texts_.find(text) == texts_.end()) texts_.emplace(text);
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return {texts_.begin(), texts_.end()};
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> texts_;
};

}  // namespace snapferry::tree
