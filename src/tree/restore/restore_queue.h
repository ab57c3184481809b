#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <vector>

namespace snapferry::tree {

// Something that takes many steps, of which any worker takes the next one. It is in
// the queue, or in the hands of one worker, at most once at a time.
class Work {
 public:
  // Takes a step, having pushed itself again first if there is more to do, so that
  // another worker can go on meanwhile. What it throws stops everything.
  virtual void advance() = 0;
  // Instead of advance() once everything has stopped: lets go of what it holds.
  virtual void abandon() noexcept = 0;

 protected:
  ~Work() = default;
};

// Each worker takes the newest work of its own first: so a directory is finished before
// its neighbours are begun, and what is under way is bounded by the depth of the tree
// and the number of workers. One that has none takes the oldest of another, which is
// the farthest from what the other is at: two that create files in one directory would
// wait for each other in the kernel.
class RestoreQueue {
 public:
  void push(Work& work);

  // Works on `threads` threads until nothing is left. Throws what the first failing step threw,
  // after the others have ended and the rest was abandoned.
  void run(unsigned threads);

  // As if a step had thrown `failure`; for what fails where nothing may be thrown.
  void stop(std::exception_ptr failure);

 private:
  void work(std::size_t worker);
  Work* take(std::size_t worker);
  Work* find(std::size_t worker);
  void done(std::exception_ptr failure);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<Work*>> waiting_{1};  // by worker
  std::size_t waiting_count_ = 0;
  std::size_t active_ = 0;
  std::exception_ptr failure_;
};

}  // namespace snapferry::tree
