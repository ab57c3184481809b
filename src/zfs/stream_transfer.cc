#include "zfs/stream_transfer.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::zfs {
namespace {

// Small enough that most of a block of 128 KiB is spliced, large enough that small records come
// many at once.
constexpr std::size_t kSpliceBuffer = 16u << 10;
constexpr std::size_t kCopyBuffer = 256u << 10;
constexpr std::uint64_t kWorthSplicing = 32u << 10;

class Transfer {
 public:
  Transfer(Stream& stream, StreamInspector& inspector, platform::Child& receiver,
           Progress* progress, const Cancellation* cancellation)
      : stream_(stream),
        inspector_(inspector),
        receiver_(receiver),
        progress_(progress),
        cancellation_(cancellation),
        buffer_(stream.pipe() >= 0 ? kSpliceBuffer : kCopyBuffer) {}

  TransferEnd run() {
    while (true) {
      if (cancellation_ != nullptr) cancellation_->check();
      const std::size_t size = stream_.read(buffer_);
      if (size == 0) break;
      const auto bytes = ByteView(buffer_).first(size);
      inspector_.feed(bytes);
      if (!write(bytes)) return TransferEnd::ReceiverStopped;
      count(size);
      if (!splice_payload()) return TransferEnd::ReceiverStopped;
    }
    stream_.finish();
    inspector_.finish();
    return TransferEnd::Whole;
  }

 private:
  void count(std::uint64_t size) {
    if (progress_ != nullptr) progress_->bytes += size;
  }

  bool write(ByteView bytes) {
    while (!bytes.empty()) {
      const auto size = ::write(receiver_.input(), bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EPIPE) return false;
      if (size < 0) throw system_error(errno, "pass the stream on", "zfs receive");
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return true;
  }

  bool splice_payload() {
    const int pipe = stream_.pipe();
    if (pipe < 0 || inspector_.skippable() < kWorthSplicing) return true;
    while (const std::uint64_t left = inspector_.skippable()) {
      const auto size =
          ::splice(pipe, nullptr, receiver_.input(), nullptr, left, SPLICE_F_MOVE | SPLICE_F_MORE);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EPIPE) return false;
      // Not two pipes after all: the loop around copies.
      if (size < 0 && errno == EINVAL) return true;
      if (size < 0) throw system_error(errno, "pass the stream on", "zfs receive");
      if (size == 0) return true;
      inspector_.skip(static_cast<std::uint64_t>(size));
      count(static_cast<std::uint64_t>(size));
    }
    return true;
  }

  Stream& stream_;
  StreamInspector& inspector_;
  platform::Child& receiver_;
  Progress* progress_;
  const Cancellation* cancellation_;
  Bytes buffer_;
};

}  // namespace

TransferEnd transfer(Stream& stream, StreamInspector& inspector, platform::Child& receiver,
                     Progress* progress, const Cancellation* cancellation) {
  return Transfer(stream, inspector, receiver, progress, cancellation).run();
}

void drain(Stream& stream, StreamInspector& inspector, Progress* progress,
           const Cancellation* cancellation) {
  Bytes buffer(kCopyBuffer);
  while (const std::size_t size = stream.read(buffer)) {
    if (cancellation != nullptr) cancellation->check();
    inspector.feed(ByteView(buffer).first(size));
    if (progress != nullptr) progress->bytes += size;
  }
  stream.finish();
  inspector.finish();
}

}  // namespace snapferry::zfs
