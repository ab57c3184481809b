#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/stream.h"
#include "wire/multiplexer.h"
#include "wire/verb.h"

namespace snapferry::wire {

// One request of a connection and its answer: at the client the asking end, at the server the
// answering one. Destroying it early abandons it: the client cancels, the server answers that it
// failed.
//
// Everything throws Error: the peer's Failure, or Unavailable once the connection is lost. One
// thread may read and another write. Outlives its connection, then useless.
class Channel {
 public:
  // The connection's channels are shared because a stream may outlive the connection it came by.
  Channel(std::shared_ptr<Multiplexer> multiplexer, std::shared_ptr<ChannelState> state)
      : multiplexer_(std::move(multiplexer)), state_(std::move(state)) {}
  Channel(Channel&& other) noexcept = default;
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    if (state_) multiplexer_->abandon(*state_);
  }

  const VerbTraits& verb() const { return state_->verb; }

  // The peer's message, once it is whole: the request, or the answer.
  Bytes message(const Cancellation* cancellation = nullptr) {
    return multiplexer_->take_message(*state_, cancellation);
  }

  // Data from the peer: at least one byte, or 0 at its End.
  std::size_t read(std::span<std::uint8_t> buffer, const Cancellation* cancellation = nullptr);

  // Data to the peer; waits for its credit. At most kMaxPayload bytes.
  void write(Payload payload, const Cancellation* cancellation = nullptr) {
    multiplexer_->queue_data(*state_, std::move(payload), cancellation);
  }
  // All data was written.
  void end() { multiplexer_->queue_end(*state_); }

  // The server's: what closes a channel whose answer is a message, and what closes any.
  void answer(Bytes message) { multiplexer_->queue_answer(*state_, std::move(message)); }
  void fail(const Error& error) { multiplexer_->queue_failure(*state_, error); }

  // The client's: tells the server that the answer is no longer wanted, and waits a moment until
  // it has let go.
  void cancel_and_wait(Duration limit);

  // The server's: set when the client cancels or the connection is lost.
  const Cancellation& cancellation() const { return state_->cancellation; }
  // Throws as the channel failed, if it did.
  void check() { multiplexer_->check(*state_); }
  // Readable once the channel has failed, for poll(2).
  int wake_descriptor() { return multiplexer_->wake_descriptor(*state_); }

 private:
  std::shared_ptr<Multiplexer> multiplexer_;
  std::shared_ptr<ChannelState> state_;  // nullptr once moved from
  Payload current_;
  std::size_t position_ = 0;  // in current_: what was read
};

// The data that comes by a channel, as a Stream.
class ChannelStream : public Stream {
 public:
  // Borrows `channel`.
  explicit ChannelStream(Channel& channel) : channel_(channel) {}

  std::size_t read(std::span<std::uint8_t> buffer) override;
  // Waits for End, without which no bytes are whole. Throws Corrupt if there are more of them.
  void finish() override;

 private:
  Channel& channel_;
  bool ended_ = false;
};

}  // namespace snapferry::wire
