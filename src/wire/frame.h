#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/bytes.h"

namespace snapferry::wire {

// What both directions of a connection begin with.
inline constexpr std::string_view kMagic("SNAPFERRY\r\n\0", 12);

enum class FrameType : std::uint8_t {
  Hello = 1,
  Request = 2,
  Message = 3,
  Last = 4,
  Data = 5,
  End = 6,
  Failure = 7,
  Credit = 8,
  Cancel = 9,
  Ping = 10,
  Pong = 11,
  Goodbye = 12,
  Working = 13,
};

inline constexpr std::size_t kHeaderSize = 9;
inline constexpr std::size_t kMaxPayload = 1u << 16;

struct FrameHeader {
  FrameType type = FrameType::Ping;
  std::uint32_t channel = 0;
  std::uint32_t length = 0;  // of the payload
  bool operator==(const FrameHeader&) const = default;
};

using HeaderBytes = std::array<std::uint8_t, kHeaderSize>;

HeaderBytes encode_header(const FrameHeader& header);

// Throws Corrupt: an unknown type, a length outside the limits of the type, a channel where there
// must be none, or none where there must be one.
FrameHeader parse_header(std::span<const std::uint8_t, kHeaderSize> bytes);

// "Hello", "Request", …
std::string_view to_string(FrameType type);

// Bytes of a payload, made without clearing them first; moved, never copied.
class Payload {
 public:
  Payload() = default;
  explicit Payload(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)), capacity_(capacity) {}
  static Payload copy_of(ByteView bytes);

  std::size_t size() const { return size_; }
  std::size_t room() const { return capacity_ - size_; }
  ByteView view() const { return {bytes_.get(), size_}; }
  // Where the next bytes go; add() says how many came.
  std::span<std::uint8_t> free_space() { return {bytes_.get() + size_, room()}; }
  void add(std::size_t size) { size_ += size; }
  // `bytes` must fit into room().
  void append(ByteView bytes);

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

// A frame, header and payload apart, ready for writev(2) or just read.
struct Frame {
  FrameHeader header;
  Payload payload;

  static Frame make(FrameType type, std::uint32_t channel, Payload payload = {});
};

}  // namespace snapferry::wire
