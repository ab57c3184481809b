#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "platform/fd.h"
#include "wire/channel.h"
#include "wire/hello.h"
#include "wire/liveness.h"
#include "wire/multiplexer.h"

namespace snapferry::wire {

struct ConnectionOptions {
  Role role = Role::Client;
  std::string peer{};  // "web1": leads the messages of errors; may be empty
  std::string program = "snapferry " SNAPFERRY_VERSION;
  std::vector<std::string> features{};
  TimeLimits times{};
  Now now = [] { return std::chrono::steady_clock::now(); };
};

// A connection as PROTOCOL.md describes it, over a pair of descriptors. Two threads of its own
// read and write; everything else may be called from any thread. Destroying it ends it: what was
// queued is written if the peer takes it within a second, and both threads are joined.
class Connection {
 public:
  // Takes the two descriptors (of one socket: two duplicates), sets them not to block, and sends
  // the greeting.
  Connection(platform::Fd input, platform::Fd output, const ConnectionOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Waits for the peer's. Throws Unsupported for a peer that is not snapferry or speaks no common
  // version, Unavailable for one that is silent or gone, Corrupt.
  Hello handshake() { return multiplexer_->wait_for_hello(); }

  // The client's: asks. Waits while 32 channels are open. Throws as the connection ended.
  Channel request(Verb verb, Bytes message, const Cancellation* cancellation = nullptr);

  // The server's: the next request; nullopt when the client has left in good order. Throws as the
  // connection was lost.
  std::optional<Channel> accept();

  // Whether the peer's end of the connection was seen, in good order or not.
  bool peer_left() const { return peer_left_; }

  // Whether it has ended, in good order or not: nothing can be asked of it any more.
  bool is_over() const { return multiplexer_->is_over(); }

  // Ends it as if lost, for `error`.
  void abort(const Error& error);

  // Looks at `now` again, as it otherwise does when time has passed.
  void look_at_clock() const;

 private:
  void read_frames();
  void read_until_over();
  void write_frames();
  bool wait_for_output(int output);
  bool is_writable_soon(int output);
  Duration look_for_life(Liveness& liveness, Instant now);
  void wait_for_input(Duration limit) const;
  void wake_both() const;

  const Now now_;
  const TimeLimits times_;
  const Instant start_;
  platform::Fd input_;
  platform::Fd output_;
  platform::Fd wake_reader_;
  platform::Fd wake_writer_;
  // Since when the writer waits; 0: it does not.
  std::atomic<Instant::rep> blocked_since_{0};
  std::atomic<bool> peer_left_{false};
  std::atomic<bool> writer_gone_{false};  // the peer reads no more
  // The writer's: when an ended connection gives up; real time.
  std::optional<Instant> farewell_;
  // Shared with the channels, which may outlive this.
  std::shared_ptr<Multiplexer> multiplexer_;
  std::thread reader_;
  std::thread writer_;
};

}  // namespace snapferry::wire
