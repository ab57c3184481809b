#include "agent/verify_stream.h"

#include <algorithm>
#include <utility>

#include "wire/verify_reports.h"

namespace snapferry::agent {

VerifyStream::VerifyStream(Verify verify, std::chrono::milliseconds interval)
    : interval_(interval), thread_([this, verify = std::move(verify)] { work(verify); }) {}

VerifyStream::~VerifyStream() {
  cancellation_.request();
  thread_.join();
}

void VerifyStream::work(const Verify& verify) {
  std::vector<ReplicaDamage> damages;
  std::exception_ptr failure;
  try {
    damages = verify(progress_, cancellation_);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  damages_ = std::move(damages);
  failure_ = failure;
  done_ = true;
  changed_.notify_all();
}

std::size_t VerifyStream::read(std::span<std::uint8_t> buffer) {
  if (position_ == ready_.size() && !ended_) make_reports();
  const auto size = std::min(buffer.size(), ready_.size() - position_);
  std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(position_), size, buffer.begin());
  position_ += size;
  return size;
}

void VerifyStream::make_reports() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, interval_, [&] { return done_; });
  if (failure_) std::rethrow_exception(failure_);
  ready_.clear();
  position_ = 0;
  const std::uint64_t bytes = progress_.bytes;
  wire::append_report(ready_, {bytes - reported_, {}});
  reported_ = bytes;
  for (auto& damage : damages_) wire::append_report(ready_, {0, std::move(damage)});
  damages_.clear();
  ended_ = done_;
}

}  // namespace snapferry::agent
