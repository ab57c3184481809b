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
    std::string text = verb(change);
    for (const auto& item : items) {
      text += " " + item.name + (item.argument.empty() ? "" : "=" + item.argument);
    }
    return note(std::move(text));
  }

  int create(const NewFilesystem& filesystem) override {
    std::string text = "create " + filesystem.name;
    if (filesystem.never_mounts) text += " never-mounts";
    for (const auto& [name, value] : filesystem.user_properties) text += " " + name + "=" + value;
    return note(std::move(text)).error;
  }

  void answer(PoolOutcome outcome) { answers_.push_back(std::move(outcome)); }
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  PoolOutcome note(std::string call) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(call));
    return calls_.size() > answers_.size() ? PoolOutcome{} : answers_[calls_.size() - 1];
  }

  static const char* verb(PoolChange change) {
    switch (change) {
      case PoolChange::Snapshot:
        return "snapshot";
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
