#include "zfs/run_all.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace snapferry::zfs {
namespace {

constexpr std::size_t kAtOnce = 8;

}  // namespace

std::vector<platform::Output> run_all(platform::Commands& commands,
                                      const std::vector<std::vector<std::string>>& argvs) {
  std::vector<platform::Output> outputs(argvs.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < argvs.size(); i = next++) {
      try {
        outputs[i] = commands.run(argvs[i]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = argvs.size();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(kAtOnce, argvs.size()); ++i) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return outputs;
}

}  // namespace snapferry::zfs
