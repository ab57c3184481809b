#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "zfs/pool_calls.h"

namespace snapferry::zfs {

// Notes each call as text, such as "hold tank/a@s=tag tank/b@s=tag", and answers with the outcomes
// that were given, in their order; with success where there are none left.
class FakePoolCalls : public PoolCalls {
 public:
  PoolOutcome change(PoolChange change, const std::vector<PoolItem>& items) override {
    const std::scoped_lock lock(mutex_);
    std::string text = verb(change);
    for (const auto& item : items) {
      text += " " + item.name + (item.argument.empty() ? "" : "=" + item.argument);
    }
    calls_.push_back(std::move(text));
    if (calls_.size() > answers_.size()) return {};
    return answers_[calls_.size() - 1];
  }

  void answer(PoolOutcome outcome) { answers_.push_back(std::move(outcome)); }
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  static const char* verb(PoolChange change) {
    switch (change) {
      case PoolChange::Hold:
        return "hold";
      case PoolChange::Bookmark:
        return "bookmark";
      case PoolChange::Release:
        return "release";
      case PoolChange::DestroySnapshots:
        return "destroy";
      case PoolChange::DestroyBookmarks:
        return "destroy";
    }
    return "";
  }

  std::mutex mutex_;
  std::vector<PoolOutcome> answers_;
  std::vector<std::string> calls_;
};

}  // namespace snapferry::zfs
