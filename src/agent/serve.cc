#include "agent/serve.h"

#include <atomic>
#include <list>
#include <thread>
#include <utility>

#include "agent/violation.h"
#include "core/error.h"

namespace snapferry::agent {
namespace {

// The threads that answer. Destroying it waits for all.
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

void serve_one(wire::Connection& connection, wire::Channel& channel, const Answer& answer) {
  try {
    answer(channel);
  } catch (const Violation& violation) {
    connection.abort(violation.error);
  } catch (const Error& error) {
    channel.fail(error);
  } catch (const std::exception& error) {
    channel.fail(Error(ErrorKind::Internal, error.what()));
  }
}

}  // namespace

void serve(wire::Connection& connection, const Answer& answer) {
  Workers workers;
  connection.handshake();
  while (auto channel = connection.accept()) {
    workers.start(
        [&, owned = std::move(*channel)]() mutable { serve_one(connection, owned, answer); });
  }
}

}  // namespace snapferry::agent
