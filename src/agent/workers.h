#pragma once

#include <atomic>
#include <list>
#include <thread>
#include <utility>

namespace snapferry::agent {

// The threads that answer. As many as a connection has channels. Destroying it waits for all.
class Workers {
 public:
  Workers() = default;
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() {
    for (auto& worker : workers_) {
      if (worker.thread.joinable()) worker.thread.join();
    }
  }

  template <typename Work>
  void start(Work work) {
    join_finished();
    auto& worker = workers_.emplace_back();
    worker.thread = std::thread([&worker, work = std::move(work)]() mutable {
      work();
      worker.done = true;
    });
  }

 private:
  struct Worker {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  void join_finished() {
    for (auto worker = workers_.begin(); worker != workers_.end();) {
      if (worker->done) {
        worker->thread.join();
        worker = workers_.erase(worker);
      } else {
        ++worker;
      }
    }
  }

  std::list<Worker> workers_;
};

}  // namespace snapferry::agent
