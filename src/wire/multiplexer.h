#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "wire/channel_state.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/liveness.h"

namespace snapferry::wire {

enum class Role { Client, Server };

// The channels of one connection, without its descriptors: what comes is checked against the
// protocol and queued for its consumer; what goes waits for credit and takes turns. Safe from
// several threads; take(), end_of_input() and tick() are for the one that reads, collect() for
// the one that writes.
class Multiplexer {
 public:
  using ChannelPointer = std::shared_ptr<ChannelState>;

  // Errors that the peer sends or causes get the context `peer`, unless it is empty.
  Multiplexer(Role role, Hello own, std::string peer, const TimeLimits& times, Now now);

  // The reader's side. take() throws Corrupt for what the protocol forbids.
  void take(Frame frame);
  void end_of_input(bool between_frames);
  // Fails channels that wait for credit, or for any progress, beyond the limit; says of those that
  // are being answered that they are.
  void tick(Instant now);
  void ask_for_life();  // sends a Ping

  // Waits for frames to write, fairly chosen, some 256 KiB. False: there will be no more.
  bool collect(std::vector<Frame>& batch);

  // Ends the connection for `error`, the first of them; with `tell` the peer gets a Goodbye.
  void fail(const Error& error, bool tell);
  // Ends it once everything queued was collected.
  void close();
  // Nothing more is to be read.
  bool is_over() const { return over_; }
  // It is over, and what is still to be written is worth a moment.
  bool has_last_words() const;

  // Waits for the peer's Hello; throws as the connection ended.
  Hello wait_for_hello();

  // A client's: waits until fewer than 32 channels are open.
  ChannelPointer open(const VerbTraits& verb, Bytes message, const Cancellation* cancellation);
  // A server's: the next whole request, or nullptr at the orderly end. Throws as it was lost.
  ChannelPointer accept();

  // The consumer's side of a channel; each throws as the channel or the connection failed.
  Bytes take_message(ChannelState& channel, const Cancellation* cancellation);
  std::optional<Payload> take_data(ChannelState& channel, const Cancellation* cancellation);
  void queue_data(ChannelState& channel, Payload payload, const Cancellation* cancellation);
  void queue_end(ChannelState& channel);
  void queue_answer(ChannelState& channel, Bytes message);
  void queue_failure(ChannelState& channel, const Error& error);
  // A client's: the answer is no longer wanted. Does not wait.
  void cancel(ChannelState& channel);
  // Waits until the peer's last frame has come, at most `limit` of real time.
  void wait_until_closed(ChannelState& channel, Duration limit);
  // The handle is gone: closes what is open of this side.
  void abandon(ChannelState& channel);
  void check(ChannelState& channel) const;
  int wake_descriptor(ChannelState& channel);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void take_hello(ByteView payload);
  void take_request(const Frame& frame);
  void take_in_channel(ChannelState& channel, Frame& frame);
  void take_message_part(ChannelState& channel, Frame& frame);
  void message_is_whole(ChannelState& channel);
  void take_data_frame(ChannelState& channel, Frame& frame);
  void take_credit(ChannelState& channel, ByteView payload);
  void take_cancel(ChannelState& channel);
  ChannelState* find(const FrameHeader& header);
  bool receives_data(const ChannelState& channel) const;
  bool sends_data(const ChannelState& channel) const;

  void schedule(ChannelState& channel, bool first = false);
  std::optional<Frame> next_frame(ChannelState& channel);
  std::optional<Frame> next_content(ChannelState& channel);
  Frame closing(ChannelState& channel, FrameType type, Payload payload = {});
  void collect_control(std::vector<Frame>& batch);
  void forget_if_over(ChannelState& channel);
  void look_for_progress(ChannelState& channel, Instant now);
  void give_up(ChannelState& channel, const Error& error);
  void drop_outgoing(ChannelState& channel);
  void drop_incoming(ChannelState& channel);
  void fail_channel(ChannelState& channel, const Error& error);
  void fail_locked(Error error, bool tell);
  void throw_if_failed(const ChannelState& channel) const;
  template <typename Predicate>
  static void wait(Lock& lock, std::condition_variable& changed, const Cancellation* cancellation,
                   const Predicate& predicate);

  const Role role_;
  const Hello own_;
  const std::string peer_name_;
  const TimeLimits times_;
  const Now now_;

  mutable std::mutex mutex_;
  std::condition_variable to_write_;
  std::condition_variable changed_;  // hello, requests, room for a channel, the end
  std::optional<Hello> peer_;
  std::map<std::uint32_t, ChannelPointer> channels_;
  std::uint32_t last_channel_ = 0;
  std::deque<ChannelPointer> requests_;  // whole, not yet accepted
  std::size_t request_bytes_ = 0;        // of the requests of all open channels
  std::deque<ChannelPointer> ready_;     // have something to write; take turns
  bool hello_due_ = true;
  bool ping_due_ = false;
  bool pong_due_ = false;
  std::optional<Payload> goodbye_due_;
  bool closing_ = false;
  std::optional<Error> dead_;
  std::atomic<bool> over_{false};  // closing_ or dead_
};

}  // namespace snapferry::wire
