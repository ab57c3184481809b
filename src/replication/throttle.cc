#include "replication/throttle.h"

#include <algorithm>
#include <utility>

namespace snapferry::replication {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kBurst = std::chrono::milliseconds(500);
constexpr std::uint64_t kPiecesPerSecond = 20;
constexpr std::uint64_t kMinPiece = 512;
constexpr std::uint64_t kMaxPiece = 1u << 20;

class ThrottledStream : public Stream {
 public:
  ThrottledStream(std::unique_ptr<Stream> inner, RateLimit& limit, const Cancellation* cancellation)
      : inner_(std::move(inner)), limit_(limit), cancellation_(cancellation) {}

  std::size_t read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = inner_->read(buffer.first(std::min(buffer.size(), limit_.piece())));
    limit_.pay(size, cancellation_);
    if (cancellation_ != nullptr) cancellation_->check();
    return size;
  }
  void finish() override { inner_->finish(); }

 private:
  std::unique_ptr<Stream> inner_;
  RateLimit& limit_;
  const Cancellation* cancellation_;
};

}  // namespace

RateLimit::RateLimit(std::uint64_t bytes_per_second, Waiter& waiter)
    : nanoseconds_per_byte_(1e9 / static_cast<double>(bytes_per_second)),
      piece_(std::clamp(bytes_per_second / kPiecesPerSecond, kMinPiece, kMaxPiece)),
      waiter_(waiter) {}

void RateLimit::pay(std::uint64_t bytes, const Cancellation* cancellation) {
  const nanoseconds cost(
      static_cast<std::int64_t>(static_cast<double>(bytes) * nanoseconds_per_byte_));
  nanoseconds delay{0};
  {
    const std::lock_guard lock(mutex_);
    const nanoseconds now = waiter_.now();
    paid_until_ = std::max(paid_until_, now - kBurst) + cost;
    delay = paid_until_ - now;
  }
  if (delay.count() > 0) waiter_.wait(delay, cancellation);
}

std::unique_ptr<Stream> throttled(std::unique_ptr<Stream> inner, RateLimit& limit,
                                  const Cancellation* cancellation) {
  return std::make_unique<ThrottledStream>(std::move(inner), limit, cancellation);
}

}  // namespace snapferry::replication
