#include "replication/transfers.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "platform/workers.h"

namespace snapferry::replication {
namespace {

// Volumes that are under way at once, most of them waiting for a disk; a connection has room for
// 32 channels.
constexpr std::size_t kMostUnderWay = 16;

// The turns of all streams.
class Turns {
 public:
  explicit Turns(unsigned count) : free_(count) {}

  class One : public Turn {
   public:
    explicit One(Turns& turns) : turns_(turns) { One::take(); }
    One(const One&) = delete;
    One& operator=(const One&) = delete;
    ~One() override { One::give_back(); }
    void give_back() noexcept override {
      const std::lock_guard lock(turns_.mutex_);
      ++turns_.free_;
      turns_.changed_.notify_one();
    }
    void take() noexcept override {
      std::unique_lock lock(turns_.mutex_);
      turns_.changed_.wait(lock, [&] { return turns_.free_ > 0; });
      --turns_.free_;
    }

   private:
    Turns& turns_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned free_;
};

// Hands out the indices of plans, each once, those above others first.
class Queue {
 public:
  explicit Queue(const std::vector<const VolumePlan*>& plans)
      : plans_(plans), states_(plans.size(), State::Waiting) {}

  // Waits until one may begin; nullopt: all have begun.
  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    for (;;) {
      bool waiting = false;
      for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (states_[i] != State::Waiting) continue;
        waiting = true;
        if (is_blocked(i)) continue;
        states_[i] = State::Begun;
        return i;
      }
      if (!waiting) return std::nullopt;
      changed_.wait(lock);
    }
  }

  void done(std::size_t index) {
    const std::lock_guard lock(mutex_);
    states_[index] = State::Done;
    changed_.notify_all();
  }

 private:
  enum class State : std::uint8_t { Waiting, Begun, Done };

  static bool is_above(const std::string& upper, const std::string& lower) {
    return lower.size() > upper.size() && lower.starts_with(upper) && lower[upper.size()] == '/';
  }

  static bool begins_replica(const VolumePlan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
      if (const auto* send = std::get_if<SendStep>(&step.what)) return !send->stream.base;
      if (const auto* resume = std::get_if<ResumeStep>(&step.what)) return !resume->stream.base;
      return false;
    });
  }

  bool is_blocked(std::size_t index) const {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (states_[i] != State::Done &&
          is_above(plans_[i]->replica.path, plans_[index]->replica.path) &&
          begins_replica(*plans_[i])) {
        return true;
      }
    }
    return false;
  }

  const std::vector<const VolumePlan*>& plans_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<State> states_;
};

class Transfers {
 public:
  Transfers(Source& source, Store& store, const std::vector<const VolumePlan*>& plans,
            const TransferOptions& options)
      : source_(source),
        store_(store),
        plans_(plans),
        options_(options),
        turns_(options.parallel),
        results_(plans.size()) {}

  std::vector<TransferResult> run() {
    for (std::size_t i = 0; i < plans_.size(); ++i) guarded(i, [&] { make_way(i); });
    Queue queue(plans_);
    const std::size_t most = std::max<std::size_t>(options_.parallel, kMostUnderWay);
    platform::run_workers(std::min(most, plans_.size()), [&](std::size_t) {
      while (const auto index = queue.take()) {
        if (!results_[*index].error) guarded(*index, [&] { send_streams(*index); });
        queue.done(*index);
      }
    });
    return std::move(results_);
  }

 private:
  template <class Work>
  void guarded(std::size_t index, Work work) {
    try {
      if (options_.cancellation != nullptr) options_.cancellation->check();
      work();
    } catch (const Error& error) {
      results_[index].error = error;
    } catch (const std::exception& error) {
      results_[index].error = Error(ErrorKind::Internal, error.what());
    }
  }

  void make_way(std::size_t index) {
    for (const Step& step : plans_[index]->steps) {
      if (const auto* abort = std::get_if<AbortStep>(&step.what)) {
        discard_partial(abort->replica);
      } else if (const auto* aside = std::get_if<SetAsideStep>(&step.what)) {
        const VolumeName moved = store_.set_aside(aside->replica);
        results_[index].notes.push_back("the old replica is now " + moved.text());
      }
    }
  }

  // What another run is receiving right now is nobody's leftover; a stream finds out by itself.
  void discard_partial(const VolumeName& replica) {
    try {
      store_.abort_partial(replica);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Busy) throw;
    }
  }

  void send_streams(std::size_t index) {
    const VolumePlan& plan = *plans_[index];
    TransferResult& result = results_[index];
    Turns::One turn(turns_);
    Progress& progress = options_.progress->begin(plan.volume);
    const auto began = options_.waiter->now();
    const auto account = [&] {
      options_.progress->end(plan.volume);
      result.bytes = progress.bytes;
      result.seconds = std::chrono::duration<double>(options_.waiter->now() - began).count();
    };
    try {
      for (const Step& step : plan.steps) send_step(plan, step, turn, progress, result);
    } catch (...) {
      account();
      throw;
    }
    account();
  }

  void send_step(const VolumePlan& plan, const Step& step, Turn& turn, Progress& progress,
                 TransferResult& result) {
    if (const auto* send = std::get_if<SendStep>(&step.what)) {
      send_one(plan, send->stream, turn, progress);
    } else if (const auto* resume = std::get_if<ResumeStep>(&step.what)) {
      result.resume_token = resume->partial.token;
      send_one(plan, resume->stream, turn, progress);
      result.resume_token.clear();
    }
  }

  void send_one(const VolumePlan& plan, const StreamRequest& request, Turn& turn,
                Progress& progress) {
    if (options_.cancellation != nullptr) options_.cancellation->check();
    ReceiveRequest receive;
    receive.volume = plan.replica;
    receive.type = plan.type;
    receive.stream = request;
    receive.progress = &progress;
    receive.cancellation = options_.cancellation;
    receive.turn = &turn;
    std::unique_ptr<Stream> stream = source_.send(request);
    if (options_.limit != nullptr) {
      stream = throttled(std::move(stream), *options_.limit, options_.cancellation);
    }
    store_.receive(receive, *stream);
  }

  Source& source_;
  Store& store_;
  const std::vector<const VolumePlan*>& plans_;
  const TransferOptions& options_;
  Turns turns_;
  std::vector<TransferResult> results_;
};

}  // namespace

std::vector<TransferResult> transfer_all(Source& source, Store& store,
                                         const std::vector<const VolumePlan*>& plans,
                                         const TransferOptions& options) {
  return Transfers(source, store, plans, options).run();
}

}  // namespace snapferry::replication
