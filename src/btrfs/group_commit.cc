#include "btrfs/group_commit.h"

#include <utility>

namespace snapferry::btrfs {

GroupCommit::Member::Member(GroupCommit& group) : group_(group) {
  const std::lock_guard lock(group_.mutex_);
  ++group_.members_;
}

void GroupCommit::leave() {
  const std::lock_guard lock(mutex_);
  --members_;
  if (meeting_->come > 0 && meeting_->come >= members_) open(*meeting_);
}

void GroupCommit::open(Meeting& meeting) {
  meeting.open = true;
  meeting_ = std::make_shared<Meeting>();
  changed_.notify_all();
}

std::shared_ptr<GroupCommit::Meeting> GroupCommit::meet() {
  std::unique_lock lock(mutex_);
  auto meeting = meeting_;
  ++meeting->come;
  meeting->last_arrival = Clock::now();
  if (meeting->come >= members_) open(*meeting);
  while (!meeting->open) {
    const auto end = meeting->last_arrival + patience_;
    if (Clock::now() >= end) {
      open(*meeting);
    } else {
      changed_.wait_until(lock, end);
    }
  }
  return meeting;
}

void GroupCommit::once(const std::function<void()>& action) {
  const auto meeting = meet();
  std::unique_lock lock(mutex_);
  if (!std::exchange(meeting->taken, true)) {
    lock.unlock();
    std::exception_ptr failure;
    try {
      action();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    meeting->failure = failure;
    meeting->done = true;
    changed_.notify_all();
  }
  changed_.wait(lock, [&] { return meeting->done; });
  if (meeting->failure) std::rethrow_exception(meeting->failure);
}

}  // namespace snapferry::btrfs
