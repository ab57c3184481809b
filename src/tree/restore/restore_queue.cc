#include "tree/restore/restore_queue.h"

#include <utility>

#include "platform/workers.h"

namespace snapferry::tree {
namespace {

// Of the thread that runs; work that is pushed by others goes to the first.
thread_local std::size_t current_worker = 0;

}  // namespace

void RestoreQueue::push(Work& work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_[current_worker].push_back(&work);
    ++waiting_count_;
  }
  changed_.notify_one();
}

void RestoreQueue::run(unsigned threads) {
  waiting_.resize(threads);
  platform::run_workers(threads, [this](std::size_t worker) { work(worker); });
  // Abandoning may finish other work, but never starts any.
  for (std::deque<Work*>& left : waiting_) {
    for (Work* work : std::exchange(left, {})) work->abandon();
  }
  if (failure_) std::rethrow_exception(failure_);
}

void RestoreQueue::stop(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(failure);
  changed_.notify_all();
}

void RestoreQueue::work(std::size_t worker) {
  current_worker = worker;
  while (Work* next = take(worker)) {
    std::exception_ptr failure;
    try {
      next->advance();
    } catch (...) {
      failure = std::current_exception();
    }
    done(failure);
  }
}

Work* RestoreQueue::take(std::size_t worker) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || waiting_count_ > 0 || active_ == 0; });
  if (failure_ || waiting_count_ == 0) return nullptr;
  --waiting_count_;
  ++active_;
  return find(worker);
}

Work* RestoreQueue::find(std::size_t worker) {
  if (std::deque<Work*>& own = waiting_[worker]; !own.empty()) {
    Work* newest = own.back();
    own.pop_back();
    return newest;
  }
  for (std::deque<Work*>& other : waiting_) {
    if (other.empty()) continue;
    Work* oldest = other.front();
    other.pop_front();
    return oldest;
  }
  return nullptr;
}

void RestoreQueue::done(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  --active_;
  if (failure && !failure_) failure_ = std::move(failure);
  if (failure_ || (active_ == 0 && waiting_count_ == 0)) changed_.notify_all();
}

}  // namespace snapferry::tree
