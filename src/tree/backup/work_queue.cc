#include "tree/backup/work_queue.h"

#include <iterator>
#include <utility>

namespace snapferry::tree {

void WorkQueue::push(std::vector<DirectoryTask>& tasks) {
  if (tasks.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    std::move(tasks.begin(), tasks.end(), std::back_inserter(directories_));
  }
  if (tasks.size() == 1) {
    work_.notify_one();
  } else {
    work_.notify_all();
  }
  tasks.clear();
}

bool WorkQueue::offer(ChunkTask& task) {
  {
    const std::lock_guard lock(mutex_);
    if (chunks_.size() + chunks_taken_ >= max_chunks_) return false;
    chunks_.push_back(std::move(task));
  }
  work_.notify_one();
  stored_.notify_one();
  return true;
}

void WorkQueue::begin() {
  const std::lock_guard lock(mutex_);
  ++busy_;
}

std::optional<Task> WorkQueue::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_) return std::nullopt;
    std::optional<Task> task;
    if (!chunks_.empty()) {
      task = std::move(chunks_.front());
      chunks_.pop_front();
      ++chunks_taken_;
    } else if (!directories_.empty()) {
      task = std::move(directories_.back());
      directories_.pop_back();
    } else if (busy_ == 0) {
      work_.notify_all();
      return std::nullopt;
    }
    if (task) {
      ++busy_;
      return task;
    }
    ++idle_;
    work_.wait(lock);
    --idle_;
  }
}

void WorkQueue::done(bool was_chunk) {
  const std::lock_guard lock(mutex_);
  --busy_;
  if (was_chunk) {
    --chunks_taken_;
    stored_.notify_all();
  }
  if (busy_ == 0) work_.notify_all();
}

void WorkQueue::help_until(const std::function<bool()>& enough,
                           const std::function<void(ChunkTask&)>& put) {
  std::unique_lock lock(mutex_);
  while (!stopped_ && !enough()) {
    if (chunks_.empty()) {
      stored_.wait(lock);
      continue;
    }
    ChunkTask task = std::move(chunks_.front());
    chunks_.pop_front();
    ++chunks_taken_;
    lock.unlock();
    put(task);
    lock.lock();
    --chunks_taken_;
    stored_.notify_all();
  }
}

void WorkQueue::stop(std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    stopped_ = true;
  }
  work_.notify_all();
  stored_.notify_all();
}

void WorkQueue::check() const {
  if (cancellation_ != nullptr) cancellation_->check();
  if (stopped()) {
    throw Error(ErrorKind::Cancelled, "backup: stopped because of another error");
  }
}

void WorkQueue::rethrow() const {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
}

}  // namespace snapferry::tree
