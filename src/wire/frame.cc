#include "wire/frame.h"

#include <cstring>
#include <string>

#include "core/error.h"

namespace snapferry::wire {
namespace {

struct Rule {
  FrameType type;
  std::string_view name;
  bool in_channel;
  std::uint32_t least;
  std::uint32_t most;
};

constexpr std::uint32_t kFailureLeast = 5;
constexpr std::uint32_t kFailureMost = 4101;

constexpr std::array kRules = {
    Rule{FrameType::Hello, "Hello", false, 1, 8192},
    Rule{FrameType::Request, "Request", true, 2, 2},
    Rule{FrameType::Message, "Message", true, 1, kMaxPayload},
    Rule{FrameType::Last, "Last", true, 0, kMaxPayload},
    Rule{FrameType::Data, "Data", true, 1, kMaxPayload},
    Rule{FrameType::End, "End", true, 0, 0},
    Rule{FrameType::Failure, "Failure", true, kFailureLeast, kFailureMost},
    Rule{FrameType::Credit, "Credit", true, 4, 4},
    Rule{FrameType::Cancel, "Cancel", true, 0, 0},
    Rule{FrameType::Ping, "Ping", false, 0, 0},
    Rule{FrameType::Pong, "Pong", false, 0, 0},
    Rule{FrameType::Goodbye, "Goodbye", false, kFailureLeast, kFailureMost},
    Rule{FrameType::Working, "Working", true, 0, 0},
};

const Rule* find_rule(std::uint8_t type) {
  for (const auto& rule : kRules) {
    if (static_cast<std::uint8_t>(rule.type) == type) return &rule;
  }
  return nullptr;
}

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ErrorKind::Corrupt, "the connection: " + cause);
}

}  // namespace

HeaderBytes encode_header(const FrameHeader& header) {
  HeaderBytes bytes;
  bytes[0] = static_cast<std::uint8_t>(header.type);
  std::memcpy(&bytes[1], &header.channel, sizeof header.channel);
  std::memcpy(&bytes[5], &header.length, sizeof header.length);
  return bytes;
}

FrameHeader parse_header(std::span<const std::uint8_t, kHeaderSize> bytes) {
  ByteReader reader(bytes, "a frame");
  const auto type = reader.u8();
  FrameHeader header;
  header.channel = reader.u32();
  header.length = reader.u32();
  const Rule* rule = find_rule(type);
  if (rule == nullptr) refuse("a frame of the unknown type " + std::to_string(type));
  header.type = rule->type;
  if (header.length < rule->least || header.length > rule->most) {
    refuse("a frame " + std::string(rule->name) + " of " + std::to_string(header.length) +
           " bytes, outside its limits");
  }
  if (rule->in_channel != (header.channel != 0)) {
    refuse("a frame " + std::string(rule->name) + " in channel " + std::to_string(header.channel));
  }
  return header;
}

std::string_view to_string(FrameType type) {
  const Rule* rule = find_rule(static_cast<std::uint8_t>(type));
  return rule == nullptr ? "?" : rule->name;
}

Payload Payload::copy_of(ByteView bytes) {
  Payload payload(bytes.size());
  payload.append(bytes);
  return payload;
}

void Payload::append(ByteView bytes) {
  if (bytes.empty()) return;
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

Frame Frame::make(FrameType type, std::uint32_t channel, Payload payload) {
  Frame frame;
  frame.header = {type, channel, static_cast<std::uint32_t>(payload.size())};
  frame.payload = std::move(payload);
  return frame;
}

}  // namespace snapferry::wire
