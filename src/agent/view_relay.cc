#include "agent/view_relay.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include <fcntl.h>

#include "agent/violation.h"
#include "core/error.h"
#include "wire/pump.h"

namespace snapferry::agent {
namespace {

// Listing a replica and mounting its snapshot may take a busy machine long.
constexpr std::chrono::seconds kOpening{150};

wire::SnapshotName decode_snapshot(wire::Verb verb, ByteView request) {
  try {
    return wire::snapshot_of(verb, request);
  } catch (const Error& error) {
    throw Violation{error};
  }
}

// What comes by one channel, for another.
class Passing : public Stream {
 public:
  Passing(wire::Channel& from, const Cancellation& cancellation)
      : from_(from), cancellation_(cancellation) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    return from_.read(buffer, &cancellation_);
  }
  void finish() override {}

 private:
  wire::Channel& from_;
  const Cancellation& cancellation_;
};

}  // namespace

void ViewRelay::answer(wire::Channel& channel, ByteView request) {
  const auto verb = channel.verb().verb;
  const auto snapshot = decode_snapshot(verb, request);
  if (!connect_) {
    throw Error(ErrorKind::PermissionDenied,
                "this key shows no files; add --allow restore to its line in authorized_keys to "
                "read them back");
  }
  const auto view = connection_to(snapshot);
  const auto& cancellation = channel.cancellation();
  auto far = view->request(verb, Bytes(request.begin(), request.end()), &cancellation);
  if (!channel.verb().response_stream) return channel.answer(far.message(&cancellation));
  Passing stream(far, cancellation);
  wire::pump(stream, channel, nullptr, &cancellation);
}

ViewRelay::Connection ViewRelay::connection_to(const wire::SnapshotName& snapshot) {
  std::vector<Connection> closed;  // outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(views_, snapshot, &View::snapshot);
  if (found != views_.end()) {
    views_.splice(views_.begin(), views_, found);
    if (!found->connection->is_over()) return found->connection;
    closed.push_back(std::move(found->connection));
    views_.erase(found);
  }
  // First, so that there are never more at once than the broker allows.
  while (views_.size() >= kMaxViews) {
    closed.push_back(std::move(views_.back().connection));
    views_.pop_back();
  }
  views_.push_front({snapshot, open(snapshot)});
  return views_.front().connection;
}

ViewRelay::Connection ViewRelay::open(const wire::SnapshotName& snapshot) {
  platform::Fd socket = connect_(snapshot);
  platform::Fd output(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  if (!output.valid()) throw system_error(errno, "duplicate it", "the socket of a snapshot");
  wire::ConnectionOptions options;
  options.role = wire::Role::Client;
  options.times.hello = kOpening;
  auto connection =
      std::make_shared<wire::Connection>(std::move(socket), std::move(output), options);
  const auto hello = connection->handshake();
  if (std::ranges::find(hello.features, kViewFeature) == hello.features.end()) {
    // Says why.
    connection->request(wire::Verb::ViewRoot, wire::encode(wire::ViewRootRequest{snapshot}))
        .message();
    throw Error(ErrorKind::Internal, "a snapshot without files that does not say why");
  }
  return connection;
}

}  // namespace snapferry::agent
