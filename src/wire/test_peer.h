#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "platform/socket_pair.h"
#include "wire/connection.h"
#include "wire/failure.h"
#include "wire/frame.h"
#include "wire/hello.h"

namespace snapferry::wire {

using platform::socket_pair;

inline std::unique_ptr<Connection> connect_to(platform::Fd socket, Role role,
                                              ConnectionOptions options = {}) {
  options.role = role;
  platform::Fd output(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  return std::make_unique<Connection>(std::move(socket), std::move(output), options);
}

// Both ends of a connection in one process.
struct TestConnections {
  explicit TestConnections(const ConnectionOptions& options = {}) {
    auto sockets = socket_pair();
    server = connect_to(std::move(sockets[0]), Role::Server, options);
    client = connect_to(std::move(sockets[1]), Role::Client, options);
  }
  std::unique_ptr<Connection> server;
  std::unique_ptr<Connection> client;
};

// A peer that can send whatever it likes. Waits at most ten seconds for an answer.
class RawPeer {
 public:
  explicit RawPeer(platform::Fd socket) : socket_(std::move(socket)) {}

  void send_bytes(ByteView bytes) {
    while (!bytes.empty()) {
      const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;  // the other side has ended it
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
  }
  void send(FrameType type, std::uint32_t channel, ByteView payload = {}) {
    send_header({type, channel, static_cast<std::uint32_t>(payload.size())});
    send_bytes(payload);
  }
  void send_header(const FrameHeader& header) { send_bytes(encode_header(header)); }
  void greet(const Hello& hello = {.program = "raw 1"}) {
    send_bytes(as_bytes(kMagic));
    const auto payload = encode_hello(hello);
    send(FrameType::Hello, 0, payload.view());
  }
  void request(std::uint32_t channel, Verb verb, ByteView message) {
    Bytes number;
    ByteWriter(number).u16(static_cast<std::uint16_t>(verb));
    send(FrameType::Request, channel, number);
    send(FrameType::Last, channel, message);
  }
  void credit(std::uint32_t channel, std::uint32_t amount) {
    Bytes bytes;
    ByteWriter(bytes).u32(amount);
    send(FrameType::Credit, channel, bytes);
  }

  // The next frame behind the greeting; nullopt once the other side has ended it.
  std::optional<Frame> next() {
    if (!greeted_) {
      std::array<std::uint8_t, kMagic.size()> magic{};
      if (!read_all(magic)) return std::nullopt;
      greeted_ = true;
    }
    HeaderBytes header{};
    if (!read_all(header)) return std::nullopt;
    Frame frame;
    frame.header = parse_header(header);
    frame.payload = Payload(frame.header.length);
    if (!read_all(frame.payload.free_space())) return std::nullopt;
    frame.payload.add(frame.header.length);
    return frame;
  }
  // The first of this type; others are passed over.
  std::optional<Frame> next(FrameType type) {
    while (auto frame = next()) {
      if (frame->header.type == type) return frame;
    }
    return std::nullopt;
  }
  // What a Goodbye says before the end; "" if there is only the end.
  std::string farewell() {
    const auto frame = next(FrameType::Goodbye);
    return frame ? decode_failure(frame->payload.view()).message() : "";
  }
  void close() { socket_.reset(); }

 private:
  bool read_all(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 10'000) <= 0) throw std::runtime_error("the other side says nothing");
      const auto size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (size <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return true;
  }

  platform::Fd socket_;
  bool greeted_ = false;
};

// Stands still until it is told otherwise. Safe from several threads.
class TestTime {
 public:
  Now now() {
    return [this] { return Instant(Instant::duration(ticks_.load())); };
  }
  void advance(Duration duration) { ticks_ += Instant::duration(duration).count(); }

 private:
  std::atomic<Instant::rep> ticks_{Instant::duration(std::chrono::hours(1)).count()};
};

// `size` bytes that differ from one another.
class PatternStream : public Stream {
 public:
  explicit PatternStream(std::uint64_t size) : size_(size) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = std::min<std::uint64_t>(buffer.size(), size_ - position_);
    for (std::size_t i = 0; i < size; ++i) buffer[i] = byte_at(position_ + i);
    position_ += size;
    return size;
  }
  void finish() override { finished = true; }
  static std::uint8_t byte_at(std::uint64_t position) {
    return static_cast<std::uint8_t>(position * 31 + (position >> 8) * 7 + (position >> 16));
  }
  bool finished = false;

 private:
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

}  // namespace snapferry::wire
