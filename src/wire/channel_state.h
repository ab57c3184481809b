#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/error.h"
#include "platform/fd.h"
#include "wire/frame.h"
#include "wire/liveness.h"
#include "wire/verb.h"

namespace snapferry::wire {

// Data that may be on its way in one direction of a channel.
inline constexpr std::size_t kWindow = 2u << 20;
inline constexpr std::size_t kMaxChannels = 32;

// One channel, as Multiplexer keeps it, under its lock (but `cancellation`).
struct ChannelState {
  ChannelState(std::uint32_t number, const VerbTraits& verb_traits)
      : id(number), verb(verb_traits) {}

  const std::uint32_t id;
  const VerbTraits verb;
  std::condition_variable changed;
  Cancellation cancellation;  // at the server: the client does not want it any more, or is gone
  platform::Fd wake;          // an eventfd, once someone polls; readable once it failed

  // From the peer.
  Bytes message;
  std::size_t request_bytes = 0;  // at the server: of the request, as they came
  bool message_whole = false;
  std::deque<Payload> data;
  bool data_whole = false;          // End has come
  bool peer_closed = false;         // its last frame has come
  bool unwanted = false;            // what still comes is dropped
  std::optional<Error> failure;     // its Failure or Cancel, or the end of the connection
  std::size_t allowance = kWindow;  // Data that it may still send
  std::size_t taken = 0;            // by the consumer, and not yet granted
  Instant heard{};                  // at the client: when its last frame came
  Instant heard_content{};          // likewise, one that is more than Working

  // To the peer.
  bool request_due = false;
  std::optional<Bytes> out_message;
  std::size_t out_position = 0;  // of out_message: what went
  std::deque<Payload> out_data;
  std::size_t queued = 0;  // bytes of out_data
  bool end_due = false;
  bool cancel_due = false;
  std::optional<Payload> failure_due;
  bool own_closed = false;             // the last frame of this side went
  std::size_t credit = kWindow;        // Data that may still be queued
  std::uint32_t grant_due = 0;         // Credit to send
  std::optional<Instant> waits_since;  // for credit
  bool scheduled = false;              // for the writer
  std::optional<Instant> told_of;      // at the server: that it is being answered
  bool working_due = false;
};

}  // namespace snapferry::wire
