#include "wire/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "wire/frame_reader.h"
#include "wire/frame_writer.h"

namespace snapferry::wire {
namespace {

// What an ended connection's last frames may take to go.
constexpr Duration kFarewell{1000};

platform::Fd make_event() {
  platform::Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) throw system_error(errno, "make it", "an eventfd");
  return event;
}

// Stays readable: who was woken looks whether the connection is over.
void signal(const platform::Fd& event) {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof one);
}

void reset(const platform::Fd& event) {
  std::uint64_t count = 0;
  (void)!::read(event.get(), &count, sizeof count);
}

void never_block(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
    throw system_error(errno, "prepare it", "the connection");
  }
}

void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Error silent(std::string_view cause) {
  return Error(ErrorKind::Unavailable,
               "the connection was lost: " + std::string(cause) + "; run it again to carry on");
}

}  // namespace

Connection::Connection(platform::Fd input, platform::Fd output, const ConnectionOptions& options)
    : now_(options.now),
      times_(options.times),
      start_(now_()),
      input_(std::move(input)),
      output_(std::move(output)),
      wake_reader_(make_event()),
      wake_writer_(make_event()) {
  never_block(input_.get());
  never_block(output_.get());
  Hello own;
  own.program = options.program;
  own.features = options.features;
  own.features.emplace_back(kWorking);
  multiplexer_ = std::make_shared<Multiplexer>(options.role, own, options.peer, times_, now_);
  reader_ = std::thread([this] { read_frames(); });
  writer_ = std::thread([this] { write_frames(); });
}

Connection::~Connection() {
  multiplexer_->close();
  wake_both();
  writer_.join();
  reader_.join();
  multiplexer_->fail(Error(ErrorKind::Unavailable, "the connection is closed"), false);
}

Channel Connection::request(Verb verb, Bytes message, const Cancellation* cancellation) {
  return {multiplexer_, multiplexer_->open(traits_of(verb), std::move(message), cancellation)};
}

std::optional<Channel> Connection::accept() {
  auto state = multiplexer_->accept();
  if (!state) return std::nullopt;
  return Channel(multiplexer_, std::move(state));
}

void Connection::abort(const Error& error) {
  multiplexer_->fail(error, true);
  wake_both();
}

void Connection::look_at_clock() const { signal(wake_reader_); }

void Connection::wake_both() const {
  signal(wake_reader_);
  signal(wake_writer_);
}

void Connection::read_frames() {
  try {
    read_until_over();
  } catch (const Error& error) {
    multiplexer_->fail(error, error.kind() == ErrorKind::Corrupt);
  } catch (const std::exception& error) {
    multiplexer_->fail(Error(ErrorKind::Internal, error.what()), true);
  }
  // The writer may be waiting for a peer that takes nothing.
  signal(wake_writer_);
  input_.reset();
}

void Connection::read_until_over() {
  FrameReader reader(input_.get());
  Liveness liveness(times_, start_);
  const auto take = [&](Frame frame) {
    if (frame.header.type == FrameType::Hello) liveness.greeted();
    multiplexer_->take(std::move(frame));
  };
  Instant look_at{};
  while (!multiplexer_->is_over()) {
    const auto now = now_();
    const auto step = reader.step(take);
    if (step == FrameReader::Step::Ended) {
      peer_left_ = true;
      return multiplexer_->end_of_input(reader.is_between_frames());
    }
    if (step == FrameReader::Step::Took) liveness.heard(now);
    if (step == FrameReader::Step::Took && now < look_at) continue;
    const auto limit = look_for_life(liveness, now);
    look_at = now + limit;
    if (step == FrameReader::Step::Blocked && !multiplexer_->is_over()) wait_for_input(limit);
  }
}

// Returns when to look again.
Duration Connection::look_for_life(Liveness& liveness, Instant now) {
  const auto look = liveness.look(now);
  const auto blocked = blocked_since_.load();
  const bool stuck = blocked != 0 && now.time_since_epoch().count() - blocked >=
                                         Instant::duration(times_.lost_after).count();
  switch (stuck ? Liveness::Verdict::Lost : look.verdict) {
    case Liveness::Verdict::Wait:
      break;
    case Liveness::Verdict::Ping:
      multiplexer_->ask_for_life();
      break;
    case Liveness::Verdict::NoHello:
      throw silent("the far end sends no greeting");
    case Liveness::Verdict::Lost:
      throw silent(stuck ? "the far end takes no data" : "no sign of life from the far end");
  }
  multiplexer_->tick(now);
  return look.next;
}

void Connection::wait_for_input(Duration limit) const {
  std::array<pollfd, 2> wait{pollfd{input_.get(), POLLIN, 0},
                             pollfd{wake_reader_.get(), POLLIN, 0}};
  // A peer that reads no more has perhaps said why.
  const bool last_chance = writer_gone_;
  if (last_chance) limit = std::min(limit, kFarewell);
  const int ready = ::poll(wait.data(), wait.size(), static_cast<int>(limit.count()));
  if (ready < 0 && errno != EINTR) throw system_error(errno, "wait for it", "the connection");
  if (ready == 0 && last_chance) throw silent("the far end has closed it");
  if (wait[1].revents != 0) reset(wake_reader_);
}

void Connection::write_frames() {
  block_sigpipe();
  FrameWriter writer(output_.get(), [this](int output) { return wait_for_output(output); });
  try {
    bool open = writer.write(as_bytes(kMagic));
    std::vector<Frame> batch;
    while (open && multiplexer_->collect(batch)) open = writer.write(batch);
  } catch (const Error& error) {
    multiplexer_->fail(error, false);
  } catch (const std::exception& error) {
    multiplexer_->fail(Error(ErrorKind::Internal, error.what()), false);
  }
  if (!multiplexer_->is_over()) writer_gone_ = true;
  signal(wake_reader_);
  output_.reset();
}

bool Connection::wait_for_output(int output) {
  blocked_since_ = now_().time_since_epoch().count();
  std::array<pollfd, 2> wait{pollfd{output, POLLOUT, 0}, pollfd{wake_writer_.get(), POLLIN, 0}};
  if (!multiplexer_->is_over()) {
    while (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) {
    }
  }
  bool writable = wait[0].revents != 0;
  if (!writable && multiplexer_->has_last_words()) writable = is_writable_soon(output);
  blocked_since_ = 0;
  return writable;
}

// Within what an ended connection has left.
bool Connection::is_writable_soon(int output) {
  const auto now = std::chrono::steady_clock::now();
  if (!farewell_) farewell_ = now + kFarewell;
  const auto left = std::chrono::duration_cast<Duration>(*farewell_ - now).count();
  pollfd wait{output, POLLOUT, 0};
  return left > 0 && ::poll(&wait, 1, static_cast<int>(left)) > 0;
}

}  // namespace snapferry::wire
