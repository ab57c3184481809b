#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace snapferry::bench {

inline unsigned thread_count() { return std::max(1u, std::thread::hardware_concurrency()); }

// Runs `body(thread)` on one thread per processor; rethrows the first exception after
// all have ended.
inline void on_all_processors(const std::function<void(unsigned thread)>& body) {
  std::exception_ptr failure;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < thread_count(); i++) {
    threads.emplace_back([&, i] {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

// Calls `body(i)` for every i in [0, count), on all processors.
inline void for_each_index(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::atomic<std::size_t> next = 0;
  on_all_processors([&](unsigned) {
    for (std::size_t i; (i = next++) < count;) body(i);
  });
}

}  // namespace snapferry::bench
