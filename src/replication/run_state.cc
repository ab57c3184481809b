#include "replication/run_state.h"

#include <algorithm>

namespace snapferry::replication {
namespace {

constexpr std::chrono::seconds kFirstPause{5};

}  // namespace

bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::Unavailable || kind == ErrorKind::Busy;
}

bool concerns_all(ErrorKind kind) { return is_passing(kind) || kind == ErrorKind::Cancelled; }

std::string about(const std::string& volume, const std::string& message) {
  return message.find(volume) == std::string::npos ? volume + ": " + message : message;
}

RunState::RunState(Source& source_of_run, Store& store_of_run, const RunOptions& run_options)
    : source(source_of_run),
      store(store_of_run),
      options(run_options),
      asked_for(store_of_run, run_options.host),
      patterns(run_options.patterns),
      clock(run_options.clock ? *run_options.clock : platform::system_clock()),
      waiter(run_options.waiter ? *run_options.waiter : system_waiter()),
      progress(run_options.progress ? *run_options.progress : unwatched_progress) {}

bool RunState::cancelled() const {
  return options.cancellation != nullptr && options.cancellation->requested();
}

void RunState::pause(unsigned round) { waiter.wait(kFirstPause * round, options.cancellation); }

void RunState::list_source() {
  persist([&] { volumes = source.inventory(patterns); });
}

void RunState::list_store() {
  persist([&] { replicas = store.inventory(options.host); });
}

void RunState::add_volume(const std::string& name) {
  Progression& progression = progressions[name];
  progression.outcome.volume = name;
  progression.outcome.replica = {options.host, name};
  order.push_back(name);
}

void RunState::finish(const std::string& volume, Outcome outcome) {
  Progression& progression = progressions[volume];
  if (!progression.pending) return;
  progression.pending = false;
  progression.outcome.outcome = outcome;
  progress.done();
}

void RunState::fail(const std::string& volume, ErrorKind kind, const std::string& message) {
  VolumeOutcome& outcome = progressions[volume].outcome;
  outcome.error = kind;
  outcome.reason = about(volume, message);
  finish(volume, Outcome::Failed);
}

bool RunState::is_pending(const std::string& volume) const {
  const auto found = progressions.find(volume);
  return found != progressions.end() && found->second.pending;
}

bool RunState::anything_pending() const {
  return std::any_of(progressions.begin(), progressions.end(),
                     [](const auto& entry) { return entry.second.pending; });
}

}  // namespace snapferry::replication
