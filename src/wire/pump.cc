#include "wire/pump.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/ioctl.h>

namespace snapferry::wire {
namespace {

// A frame is worth sending at this size even if more is there.
constexpr std::size_t kFullEnough = kMaxPayload / 2;
constexpr int kLookAtCancellationMilliseconds = 100;

// Waits until the pipe has bytes, or its end, or the channel has failed: write() tells then.
void wait_for_bytes(int pipe, Channel& channel, const Cancellation* cancellation) {
  std::array<pollfd, 2> wait{pollfd{pipe, POLLIN, 0}, pollfd{channel.wake_descriptor(), POLLIN, 0}};
  const int limit = cancellation == nullptr ? -1 : kLookAtCancellationMilliseconds;
  while (true) {
    if (cancellation != nullptr) cancellation->check();
    const int ready = ::poll(wait.data(), wait.size(), limit);
    if (ready < 0 && errno != EINTR) throw system_error(errno, "wait for it", "a stream");
    if (ready <= 0) continue;
    if (wait[1].revents != 0) channel.check();
    return;
  }
}

bool has_bytes(int pipe) {
  int size = 0;
  return pipe >= 0 && ::ioctl(pipe, FIONREAD, &size) == 0 && size > 0;
}

// A frame's worth; empty at the end.
Payload read_payload(Stream& stream, int pipe) {
  Payload payload(kMaxPayload);
  do {
    const auto size = stream.read(payload.free_space());
    payload.add(size);
    if (size == 0) break;
  } while (payload.size() < kFullEnough && has_bytes(pipe));
  return payload;
}

}  // namespace

std::uint64_t pump(Stream& stream, Channel& channel, Progress* progress,
                   const Cancellation* cancellation) {
  std::uint64_t total = 0;
  const int pipe = stream.pipe();
  while (true) {
    if (cancellation != nullptr) cancellation->check();
    if (pipe >= 0) wait_for_bytes(pipe, channel, cancellation);
    auto payload = read_payload(stream, pipe);
    const auto size = payload.size();
    if (size == 0) break;
    channel.write(std::move(payload), cancellation);
    total += size;
    if (progress != nullptr) progress->bytes += size;
  }
  stream.finish();
  channel.end();
  return total;
}

}  // namespace snapferry::wire
