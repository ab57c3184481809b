#include "wire/multiplexer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/eventfd.h>

#include "wire/failure.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kMaxRequest = 16u << 20;
constexpr std::size_t kMaxRequests = 64u << 20;
constexpr std::size_t kMaxAnswer = 96u << 20;
constexpr std::size_t kGrant = kWindow / 4;
constexpr std::size_t kBatch = 256u << 10;
constexpr std::size_t kQueue = 256u << 10;
// Smaller payloads are put together, so that what a queue takes is near what it holds.
constexpr std::size_t kSmallPayload = 4096;
// How soon a cancellation by a wake_up is noticed, which wakes nobody.
constexpr Duration kLookAtCancellation{100};

[[noreturn]] void violate(const std::string& cause) {
  throw Error(ErrorKind::Corrupt, "the connection: " + cause);
}

[[noreturn]] void out_of_turn(const FrameHeader& header) {
  violate("a frame " + std::string(to_string(header.type)) + " out of turn in channel " +
          std::to_string(header.channel));
}

Error lost(std::string_view cause) {
  return Error(ErrorKind::Unavailable,
               "the connection was lost: " + std::string(cause) + "; run it again to carry on");
}

void append_data(std::deque<Payload>& queue, Payload payload) {
  if (payload.size() >= kSmallPayload) {
    queue.push_back(std::move(payload));
    return;
  }
  if (queue.empty() || queue.back().room() < payload.size()) queue.emplace_back(kSmallPayload);
  queue.back().append(payload.view());
}

void wake_up(const platform::Fd& wake) {
  const std::uint64_t one = 1;
  if (wake.valid()) (void)!::write(wake.get(), &one, sizeof one);
}

}  // namespace

Multiplexer::Multiplexer(Role role, Hello own, std::string peer, const TimeLimits& times, Now now)
    : role_(role),
      own_(std::move(own)),
      peer_name_(std::move(peer)),
      times_(times),
      now_(std::move(now)) {}

// What comes.

void Multiplexer::take(Frame frame) {
  const Lock lock(mutex_);
  if (dead_) return;
  const auto type = frame.header.type;
  if (!peer_ && type != FrameType::Hello && type != FrameType::Goodbye) out_of_turn(frame.header);
  switch (type) {
    case FrameType::Hello:
      return take_hello(frame.payload.view());
    case FrameType::Ping:
      pong_due_ = true;
      return to_write_.notify_one();
    case FrameType::Pong:
      return;
    case FrameType::Goodbye: {
      auto error = decode_failure(frame.payload.view());
      return fail_locked(error.add_context("the far end ended the connection"), false);
    }
    case FrameType::Request:
      return take_request(frame);
    default:
      break;
  }
  // Kept alive: it may be over after this frame.
  ChannelState* found = find(frame.header);
  if (found == nullptr) return;
  const ChannelPointer channel = channels_.at(found->id);
  take_in_channel(*channel, frame);
  forget_if_over(*channel);
}

void Multiplexer::take_hello(ByteView payload) {
  if (peer_) violate("a second Hello");
  auto hello = decode_hello(payload);
  try {
    agree_on_version(own_, hello);
  } catch (const Error& error) {
    return fail_locked(error, true);
  }
  peer_ = std::move(hello);
  changed_.notify_all();
}

void Multiplexer::take_request(const Frame& frame) {
  if (role_ != Role::Server) out_of_turn(frame.header);
  if (frame.header.channel != last_channel_ + 1) violate("a channel with a wrong number");
  if (channels_.size() >= kMaxChannels) violate("more than 32 channels at once");
  const auto number = ByteReader(frame.payload.view(), "a request").u16();
  const auto verb = find_verb(number);
  if (!verb) violate("a request for the unknown verb " + std::to_string(number));
  last_channel_ = frame.header.channel;
  channels_.emplace(last_channel_, std::make_shared<ChannelState>(last_channel_, *verb));
}

// nullptr for a frame that crossed with the end of its channel.
ChannelState* Multiplexer::find(const FrameHeader& header) {
  if (header.channel > last_channel_) violate("a frame in a channel that was never opened");
  const auto found = channels_.find(header.channel);
  if (found != channels_.end()) return found->second.get();
  if (header.type != FrameType::Credit && header.type != FrameType::Cancel) out_of_turn(header);
  return nullptr;
}

bool Multiplexer::receives_data(const ChannelState& channel) const {
  return role_ == Role::Server ? channel.verb.request_stream : channel.verb.response_stream;
}

bool Multiplexer::sends_data(const ChannelState& channel) const {
  return role_ == Role::Server ? channel.verb.response_stream : channel.verb.request_stream;
}

void Multiplexer::take_in_channel(ChannelState& channel, Frame& frame) {
  const auto type = frame.header.type;
  if (type == FrameType::Working) {
    if (role_ != Role::Client || channel.peer_closed) out_of_turn(frame.header);
    channel.heard = now_();
    return;
  }
  if (role_ == Role::Client) channel.heard = channel.heard_content = now_();
  if (type == FrameType::Credit) return take_credit(channel, frame.payload.view());
  if (type == FrameType::Cancel) {
    if (role_ != Role::Server) out_of_turn(frame.header);
    return take_cancel(channel);
  }
  if (channel.peer_closed) out_of_turn(frame.header);
  switch (type) {
    case FrameType::Message:
    case FrameType::Last:
      return take_message_part(channel, frame);
    case FrameType::Data:
    case FrameType::End:
      return take_data_frame(channel, frame);
    case FrameType::Failure: {
      if (role_ != Role::Client) out_of_turn(frame.header);
      auto error = decode_failure(frame.payload.view());
      if (!peer_name_.empty()) error.add_context(peer_name_);
      channel.peer_closed = true;
      return fail_channel(channel, error);
    }
    default:
      out_of_turn(frame.header);
  }
}

void Multiplexer::take_message_part(ChannelState& channel, Frame& frame) {
  const bool due = role_ == Role::Server || !channel.verb.response_stream;
  if (!due || channel.message_whole) out_of_turn(frame.header);
  const auto part = frame.payload.view();
  if (role_ == Role::Server) {
    request_bytes_ += part.size();
    channel.request_bytes += part.size();
    if (channel.request_bytes > kMaxRequest || request_bytes_ > kMaxRequests) {
      violate("a request beyond its limit");
    }
  } else if (!channel.unwanted && channel.message.size() + part.size() > kMaxAnswer) {
    give_up(channel, Error(ErrorKind::Corrupt,
                           "an answer longer than the protocol allows; ask for fewer volumes at "
                           "once"));
  }
  if (!channel.unwanted) channel.message.insert(channel.message.end(), part.begin(), part.end());
  if (frame.header.type == FrameType::Last) message_is_whole(channel);
}

void Multiplexer::message_is_whole(ChannelState& channel) {
  channel.message_whole = true;
  channel.peer_closed = !receives_data(channel);
  channel.changed.notify_all();
  if (role_ != Role::Server) return;
  requests_.push_back(channels_.at(channel.id));
  changed_.notify_all();
}

void Multiplexer::take_data_frame(ChannelState& channel, Frame& frame) {
  const bool due = receives_data(channel) && (role_ == Role::Client || channel.message_whole);
  if (!due) out_of_turn(frame.header);
  if (frame.header.type == FrameType::End) {
    channel.data_whole = true;
    channel.peer_closed = true;
  } else {
    if (frame.payload.size() > channel.allowance) violate("Data beyond the credit");
    channel.allowance -= frame.payload.size();
    if (!channel.unwanted) append_data(channel.data, std::move(frame.payload));
  }
  channel.changed.notify_all();
}

void Multiplexer::take_credit(ChannelState& channel, ByteView payload) {
  const std::size_t amount = ByteReader(payload, "a credit").u32();
  if (!sends_data(channel)) violate("Credit for a channel without Data");
  if (amount == 0 || channel.credit + amount > kWindow) violate("Credit beyond the window");
  channel.credit += amount;
  channel.waits_since.reset();
  channel.changed.notify_all();
}

void Multiplexer::take_cancel(ChannelState& channel) {
  // The request is not whole yet, or its handler is done and what it left need not go any more.
  const bool nobody_answers = !channel.message_whole || channel.out_message || channel.end_due;
  channel.peer_closed = true;
  const Error error(ErrorKind::Cancelled, "cancelled by the client");
  fail_channel(channel, error);
  drop_incoming(channel);
  if (nobody_answers && !channel.own_closed && !channel.failure_due) {
    channel.message = {};
    drop_outgoing(channel);
    channel.failure_due = encode_failure(error);
    schedule(channel);
  }
}

void Multiplexer::end_of_input(bool between_frames) {
  const Lock lock(mutex_);
  if (dead_ || closing_) return;
  const bool all_cancelled = std::ranges::all_of(
      channels_, [](const auto& item) { return item.second->cancellation.requested(); });
  if (role_ == Role::Server && between_frames && all_cancelled && peer_) {
    over_ = closing_ = true;
    changed_.notify_all();
    to_write_.notify_all();
    return;
  }
  fail_locked(lost(peer_ ? "the far end is gone" : "the far end left without a greeting"), false);
}

void Multiplexer::tick(Instant now) {
  const Lock lock(mutex_);
  for (auto& [id, channel] : channels_) {
    look_for_progress(*channel, now);
    if (!channel->waits_since || now - *channel->waits_since < times_.stall) continue;
    fail_channel(*channel, Error(ErrorKind::Unavailable,
                                 std::string(channel->verb.name) +
                                     ": the far end takes no more data; run it again"));
  }
}

void Multiplexer::look_for_progress(ChannelState& channel, Instant now) {
  const bool tells = peer_ && peer_->has(kWorking);
  if (role_ == Role::Server) {
    if (!tells || !channel.told_of || channel.own_closed) return;
    if (now - *channel.told_of < times_.ping_after) return;
    channel.told_of = now;
    channel.working_due = true;
    return schedule(channel);
  }
  if (channel.peer_closed || channel.failure) return;
  const bool quiet = now - channel.heard >= (tells ? times_.progress : times_.working);
  if (!quiet && now - channel.heard_content < times_.working) return;
  give_up(channel, Error(ErrorKind::Unavailable,
                         std::string(channel.verb.name) +
                             ": the far end answers, but gets nowhere with this; look there, then "
                             "run it again"));
}

void Multiplexer::ask_for_life() {
  const Lock lock(mutex_);
  ping_due_ = true;
  to_write_.notify_one();
}

// What goes.

void Multiplexer::schedule(ChannelState& channel, bool first) {
  if (channel.scheduled || dead_) return;
  const auto found = channels_.find(channel.id);
  if (found == channels_.end()) return;
  channel.scheduled = true;
  if (first) {
    ready_.push_front(found->second);
  } else {
    ready_.push_back(found->second);
  }
  to_write_.notify_one();
}

bool Multiplexer::collect(std::vector<Frame>& batch) {
  batch.clear();
  Lock lock(mutex_);
  to_write_.wait(lock, [&] {
    return hello_due_ || ping_due_ || pong_due_ || !ready_.empty() || closing_ || dead_;
  });
  if (dead_) {
    if (goodbye_due_) batch.push_back(Frame::make(FrameType::Goodbye, 0, std::move(*goodbye_due_)));
    goodbye_due_.reset();
    return !batch.empty();
  }
  collect_control(batch);
  for (std::size_t bytes = 0; bytes < kBatch && !ready_.empty();) {
    const auto channel = ready_.front();
    ready_.pop_front();
    channel->scheduled = false;
    auto frame = next_frame(*channel);
    if (!frame) continue;
    bytes += kHeaderSize + frame->payload.size();
    batch.push_back(std::move(*frame));
    schedule(*channel);
    forget_if_over(*channel);
  }
  // Empty only if the last ready channel had nothing after all.
  return !batch.empty() || !closing_;
}

void Multiplexer::collect_control(std::vector<Frame>& batch) {
  if (hello_due_) batch.push_back(Frame::make(FrameType::Hello, 0, encode_hello(own_)));
  if (ping_due_) batch.push_back(Frame::make(FrameType::Ping, 0));
  if (pong_due_) batch.push_back(Frame::make(FrameType::Pong, 0));
  hello_due_ = ping_due_ = pong_due_ = false;
}

Frame Multiplexer::closing(ChannelState& channel, FrameType type, Payload payload) {
  channel.own_closed = true;
  channel.request_due = channel.cancel_due = channel.end_due = channel.working_due = false;
  channel.failure_due.reset();
  drop_outgoing(channel);
  return Frame::make(type, channel.id, std::move(payload));
}

std::optional<Frame> Multiplexer::next_frame(ChannelState& channel) {
  if (channel.request_due) {
    channel.request_due = false;
    Bytes number;
    ByteWriter(number).u16(static_cast<std::uint16_t>(channel.verb.verb));
    return Frame::make(FrameType::Request, channel.id, Payload::copy_of(number));
  }
  if (channel.grant_due > 0) {
    Bytes amount;
    ByteWriter(amount).u32(std::exchange(channel.grant_due, 0));
    return Frame::make(FrameType::Credit, channel.id, Payload::copy_of(amount));
  }
  if (channel.cancel_due) return closing(channel, FrameType::Cancel);
  if (channel.own_closed) return std::nullopt;
  if (std::exchange(channel.working_due, false)) return Frame::make(FrameType::Working, channel.id);
  if (channel.failure_due) {
    return closing(channel, FrameType::Failure, std::move(*channel.failure_due));
  }
  return next_content(channel);
}

std::optional<Frame> Multiplexer::next_content(ChannelState& channel) {
  if (channel.out_message) {
    const ByteView rest = ByteView(*channel.out_message).subspan(channel.out_position);
    auto part = Payload::copy_of(rest.first(std::min(rest.size(), kMaxPayload)));
    channel.out_position += part.size();
    if (part.size() < rest.size()) {
      return Frame::make(FrameType::Message, channel.id, std::move(part));
    }
    channel.out_message.reset();
    if (role_ == Role::Server || !sends_data(channel)) {
      return closing(channel, FrameType::Last, std::move(part));
    }
    return Frame::make(FrameType::Last, channel.id, std::move(part));
  }
  if (!channel.out_data.empty()) {
    auto payload = std::move(channel.out_data.front());
    channel.out_data.pop_front();
    channel.queued -= payload.size();
    channel.changed.notify_all();
    return Frame::make(FrameType::Data, channel.id, std::move(payload));
  }
  if (channel.end_due) return closing(channel, FrameType::End);
  return std::nullopt;
}

// The ends.

void Multiplexer::forget_if_over(ChannelState& channel) {
  if (!channel.peer_closed || !channel.own_closed) return;
  channel.grant_due = 0;
  request_bytes_ -= channel.request_bytes;
  channels_.erase(channel.id);
  changed_.notify_all();
}

void Multiplexer::drop_outgoing(ChannelState& channel) {
  channel.out_message.reset();
  channel.out_data.clear();
  channel.queued = 0;
}

void Multiplexer::drop_incoming(ChannelState& channel) {
  channel.unwanted = true;
  channel.data.clear();
}

// The client's: fails it here, and tells the server that nobody waits any more.
void Multiplexer::give_up(ChannelState& channel, const Error& error) {
  fail_channel(channel, error);
  channel.cancel_due = true;
  schedule(channel);
  drop_incoming(channel);
  channel.message = {};
}

void Multiplexer::fail_channel(ChannelState& channel, const Error& error) {
  if (!channel.failure) channel.failure = error;
  channel.waits_since.reset();
  channel.cancellation.request();
  wake_up(channel.wake);
  channel.changed.notify_all();
}

void Multiplexer::fail(const Error& error, bool tell) {
  const Lock lock(mutex_);
  fail_locked(error, tell);
}

void Multiplexer::fail_locked(Error error, bool tell) {
  if (dead_) return;
  if (tell) goodbye_due_ = encode_failure(error);
  if (!peer_name_.empty()) error.add_context(peer_name_);
  dead_ = error;
  over_ = true;
  for (auto& [id, channel] : channels_) {
    drop_outgoing(*channel);
    fail_channel(*channel, error);
  }
  channels_.clear();
  ready_.clear();
  requests_.clear();
  changed_.notify_all();
  to_write_.notify_all();
}

void Multiplexer::close() {
  const Lock lock(mutex_);
  over_ = closing_ = true;
  changed_.notify_all();
  to_write_.notify_all();
}

bool Multiplexer::has_last_words() const {
  const Lock lock(mutex_);
  return dead_ ? goodbye_due_.has_value() : closing_;
}

Hello Multiplexer::wait_for_hello() {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return peer_ || dead_; });
  if (dead_) throw Error(*dead_);
  return *peer_;
}

// The users of channels.

template <typename Predicate>
void Multiplexer::wait(Lock& lock, std::condition_variable& changed,
                       const Cancellation* cancellation, const Predicate& predicate) {
  if (cancellation == nullptr) return changed.wait(lock, predicate);
  while (!predicate()) {
    cancellation->check();
    changed.wait_for(lock, kLookAtCancellation);
  }
}

void Multiplexer::throw_if_failed(const ChannelState& channel) const {
  if (channel.failure) throw Error(*channel.failure);
}

Multiplexer::ChannelPointer Multiplexer::open(const VerbTraits& verb, Bytes message,
                                              const Cancellation* cancellation) {
  Lock lock(mutex_);
  wait(lock, changed_, cancellation,
       [&] { return dead_ || closing_ || (peer_ && channels_.size() < kMaxChannels); });
  if (dead_) throw Error(*dead_);
  if (closing_) throw Error(ErrorKind::Internal, "the connection is closed");
  const auto channel = std::make_shared<ChannelState>(++last_channel_, verb);
  channels_.emplace(channel->id, channel);
  channel->heard = channel->heard_content = now_();
  channel->request_due = true;
  channel->out_message = std::move(message);
  schedule(*channel);
  return channel;
}

Multiplexer::ChannelPointer Multiplexer::accept() {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return dead_ || closing_ || !requests_.empty(); });
  if (dead_) throw Error(*dead_);
  if (requests_.empty()) return nullptr;
  auto channel = std::move(requests_.front());
  requests_.pop_front();
  channel->told_of = now_();
  return channel;
}

Bytes Multiplexer::take_message(ChannelState& channel, const Cancellation* cancellation) {
  Lock lock(mutex_);
  wait(lock, channel.changed, cancellation,
       [&] { return channel.message_whole || channel.failure; });
  // Of one that is not wanted any more, the rest was dropped.
  if (!channel.message_whole || channel.unwanted) throw_if_failed(channel);
  return std::move(channel.message);
}

std::optional<Payload> Multiplexer::take_data(ChannelState& channel,
                                              const Cancellation* cancellation) {
  Lock lock(mutex_);
  wait(lock, channel.changed, cancellation,
       [&] { return !channel.data.empty() || channel.data_whole || channel.failure; });
  if (channel.data.empty()) {
    if (channel.data_whole) return std::nullopt;
    throw_if_failed(channel);
  }
  auto payload = std::move(channel.data.front());
  channel.data.pop_front();
  channel.taken += payload.size();
  if (channel.taken >= kGrant && !channel.peer_closed) {
    channel.allowance += channel.taken;
    channel.grant_due += static_cast<std::uint32_t>(std::exchange(channel.taken, 0));
    schedule(channel, true);
  }
  return payload;
}

void Multiplexer::queue_data(ChannelState& channel, Payload payload,
                             const Cancellation* cancellation) {
  if (payload.size() == 0) return;
  Lock lock(mutex_);
  const auto fits = [&] {
    if (channel.failure) return true;
    if (channel.credit < payload.size()) {
      if (!channel.waits_since) channel.waits_since = now_();
      return false;
    }
    return channel.queued + payload.size() <= kQueue;
  };
  wait(lock, channel.changed, cancellation, fits);
  channel.waits_since.reset();
  throw_if_failed(channel);
  channel.credit -= payload.size();
  channel.queued += payload.size();
  channel.out_data.push_back(std::move(payload));
  schedule(channel);
}

void Multiplexer::queue_end(ChannelState& channel) {
  const Lock lock(mutex_);
  throw_if_failed(channel);
  channel.end_due = true;
  schedule(channel);
}

void Multiplexer::queue_answer(ChannelState& channel, Bytes message) {
  const Lock lock(mutex_);
  if (dead_) throw Error(*dead_);
  channel.out_message = std::move(message);
  drop_incoming(channel);
  schedule(channel);
}

void Multiplexer::queue_failure(ChannelState& channel, const Error& error) {
  const Lock lock(mutex_);
  if (channel.own_closed || channel.failure_due) return;
  drop_outgoing(channel);
  channel.end_due = false;
  channel.failure_due = encode_failure(error);
  drop_incoming(channel);
  schedule(channel);
}

void Multiplexer::cancel(ChannelState& channel) {
  const Lock lock(mutex_);
  drop_incoming(channel);
  if (channel.peer_closed && (channel.own_closed || channel.end_due)) return;
  channel.cancel_due = true;
  schedule(channel);
}

void Multiplexer::wait_until_closed(ChannelState& channel, Duration limit) {
  Lock lock(mutex_);
  channel.changed.wait_for(lock, limit, [&] { return channel.peer_closed || dead_; });
}

void Multiplexer::abandon(ChannelState& channel) {
  if (role_ == Role::Client) return cancel(channel);
  Lock lock(mutex_);
  const bool answered = channel.own_closed || channel.failure_due || channel.end_due ||
                        (channel.out_message && !channel.verb.response_stream);
  lock.unlock();
  if (!answered) queue_failure(channel, Error(ErrorKind::Internal, "left without an answer"));
}

void Multiplexer::check(ChannelState& channel) const {
  const Lock lock(mutex_);
  throw_if_failed(channel);
}

int Multiplexer::wake_descriptor(ChannelState& channel) {
  const Lock lock(mutex_);
  if (!channel.wake.valid()) {
    channel.wake = platform::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!channel.wake.valid()) throw system_error(errno, "make it", "an eventfd");
    if (channel.failure) wake_up(channel.wake);
  }
  return channel.wake.get();
}

}  // namespace snapferry::wire
