#include "replication/run_progress.h"

namespace snapferry::replication {

void RunProgress::expect(std::size_t volumes) {
  const std::lock_guard lock(mutex_);
  volumes_ = volumes;
}

Progress& RunProgress::begin(const std::string& volume) {
  const std::lock_guard lock(mutex_);
  Transfer& transfer = transfers_.emplace_back();
  transfer.volume = volume;
  return transfer.progress;
}

void RunProgress::end(const std::string& volume) {
  const std::lock_guard lock(mutex_);
  for (Transfer& transfer : transfers_) {
    if (transfer.volume == volume) transfer.active = false;
  }
}

void RunProgress::done() {
  const std::lock_guard lock(mutex_);
  ++done_;
}

std::vector<RunProgress::Line> RunProgress::active() const {
  const std::lock_guard lock(mutex_);
  std::vector<Line> lines;
  for (const Transfer& transfer : transfers_) {
    if (transfer.active) lines.push_back({transfer.volume, transfer.progress.bytes});
  }
  return lines;
}

std::uint64_t RunProgress::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Transfer& transfer : transfers_) sum += transfer.progress.bytes;
  return sum;
}

std::size_t RunProgress::volumes() const {
  const std::lock_guard lock(mutex_);
  return volumes_;
}

std::size_t RunProgress::volumes_done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

}  // namespace snapferry::replication
