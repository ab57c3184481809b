#include "platform/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include <sched.h>

namespace snapferry::platform {
namespace {

class FirstError {
 public:
  void keep() noexcept {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
  // Once all threads have ended.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
};

// False if the system gives no further thread.
template <class Work>
bool start(std::vector<std::jthread>& threads, const Work& work) {
  try {
    threads.emplace_back(work);
    return true;
  } catch (const std::system_error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

void run_workers(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  FirstError error;
  const auto guarded = [&](std::size_t number) {
    try {
      work(number);
    } catch (...) {
      error.keep();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < count; ++i) {
      if (!start(threads, [&guarded, i] { guarded(i); })) break;
    }
    guarded(0);
  }
  error.rethrow();
}

void for_each_index(std::size_t count, std::size_t threads,
                    const std::function<void(std::size_t)>& each) {
  std::atomic<std::size_t> next{0};
  run_workers(std::min(count, std::max<std::size_t>(threads, 1)), [&](std::size_t) {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        each(i);
      } catch (...) {
        next = count;
        throw;
      }
    }
  });
}

unsigned processor_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

}  // namespace snapferry::platform
