#include "tree/restore_queue.h"

#include <thread>
#include <utility>

namespace snapferry::tree {

void RestoreQueue::push(Work& work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&work);
  }
  changed_.notify_one();
}

void RestoreQueue::run(unsigned threads) {
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] { work(); });
  }
  workers.clear();
  // Abandoning may finish other work, but never starts any.
  for (Work* left : std::exchange(waiting_, {})) left->abandon();
  if (failure_) std::rethrow_exception(failure_);
}

void RestoreQueue::stop(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(failure);
  changed_.notify_all();
}

void RestoreQueue::work() {
  while (Work* next = take()) {
    std::exception_ptr failure;
    try {
      next->advance();
    } catch (...) {
      failure = std::current_exception();
    }
    done(failure);
  }
}

Work* RestoreQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || !waiting_.empty() || active_ == 0; });
  if (failure_ || waiting_.empty()) return nullptr;
  Work* next = waiting_.back();
  waiting_.pop_back();
  ++active_;
  return next;
}

void RestoreQueue::done(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  --active_;
  if (failure && !failure_) failure_ = std::move(failure);
  if (failure_ || (active_ == 0 && waiting_.empty())) changed_.notify_all();
}

}  // namespace snapferry::tree
