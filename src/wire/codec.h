#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/guid.h"

namespace snapferry::wire {

// An Encoder and a Decoder have the same methods, so that one function describes a value's form
// for both directions: `code(coder, value)`. The encoder takes the value const. Both hold to the
// same limits: what one side writes, the other accepts.

// Of all lists of a message together, those within their items as well: an item takes more memory
// than bytes.
inline constexpr std::size_t kMostItems = 1'000'000;

// Throws InvalidArgument for what exceeds a limit.
class Encoder {
 public:
  explicit Encoder(Bytes& out) : writer_(out) {}

  void u8(std::uint8_t value) { writer_.u8(value); }
  void u16(std::uint16_t value) { writer_.u16(value); }
  void u32(std::uint32_t value) { writer_.u32(value); }
  void u64(std::uint64_t value) { writer_.u64(value); }
  void i64(std::int64_t value) { writer_.i64(value); }
  void flag(bool value) { writer_.u8(value ? 1 : 0); }
  void guid(const Guid& value) { writer_.raw(value.bytes); }
  void text(std::string_view value, std::size_t limit);
  void bytes(ByteView value, std::size_t limit);

  // An enumeration whose values are first, first + 1, … last.
  template <typename T>
  void enumeration(T value, T, T) {
    writer_.u8(static_cast<std::uint8_t>(value));
  }

  template <typename T, typename Code>
  void optional(const std::optional<T>& value, const Code& code_value) {
    flag(value.has_value());
    if (value) code_value(*value);
  }

  template <typename T, typename Code>
  void list(const std::vector<T>& values, std::size_t limit, std::size_t, const Code& code_value) {
    need_at_most(values.size(), limit);
    items_ += values.size();
    need_at_most(items_, kMostItems);
    writer_.u32(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) code_value(value);
  }

  // Refuses a value that must not cross.
  void check(bool good, std::string_view cause) const;

 private:
  static void need_at_most(std::size_t size, std::size_t limit);
  ByteWriter writer_;
  std::size_t items_ = 0;  // of all lists
};

// Throws Corrupt for anything that an Encoder does not write.
class Decoder {
 public:
  Decoder(ByteView bytes, std::string_view subject) : reader_(bytes, subject) {}

  void u8(std::uint8_t& value) { value = reader_.u8(); }
  void u16(std::uint16_t& value) { value = reader_.u16(); }
  void u32(std::uint32_t& value) { value = reader_.u32(); }
  void u64(std::uint64_t& value) { value = reader_.u64(); }
  void i64(std::int64_t& value) { value = reader_.i64(); }
  void flag(bool& value);
  void guid(Guid& value) { value = Guid::from_bytes(reader_.raw(Guid::kSize)); }
  void text(std::string& value, std::size_t limit);
  void bytes(Bytes& value, std::size_t limit);

  template <typename T>
  void enumeration(T& value, T first, T last) {
    const auto number = reader_.u8();
    if (number < static_cast<std::uint8_t>(first) || number > static_cast<std::uint8_t>(last)) {
      reader_.fail("holds an unknown value");
    }
    value = static_cast<T>(number);
  }

  template <typename T, typename Code>
  void optional(std::optional<T>& value, const Code& code_value) {
    bool present = false;
    flag(present);
    value.reset();
    if (present) code_value(value.emplace());
  }

  // `least`: the bytes that the shortest item takes.
  template <typename T, typename Code>
  void list(std::vector<T>& values, std::size_t limit, std::size_t least, const Code& code_value) {
    const std::size_t count = reader_.u32();
    if (count > limit) reader_.fail("holds a list beyond its limit");
    if (count > reader_.remaining() / least) reader_.fail("ends too early");
    items_ += count;
    if (items_ > kMostItems) reader_.fail("holds more items than any message may");
    values.clear();
    // Items take more memory than bytes: let the vector grow with what really comes.
    values.reserve(std::min<std::size_t>(count, 1024));
    for (std::size_t i = 0; i < count; ++i) code_value(values.emplace_back());
  }

  void check(bool good, std::string_view cause) const {
    if (!good) reader_.fail(cause);
  }
  void expect_end() const { reader_.expect_end(); }

 private:
  ByteReader reader_;
  std::size_t items_ = 0;
};

// A whole message, whose form `code` describes.
template <typename Message, typename Code>
Bytes encode_with(const Code& code, const Message& message) {
  Bytes bytes;
  Encoder encoder(bytes);
  code(encoder, message);
  return bytes;
}

template <typename Message, typename Code>
Message decode_with(const Code& code, ByteView bytes) {
  Decoder decoder(bytes, Message::kName);
  Message message;
  code(decoder, message);
  decoder.expect_end();
  return message;
}

}  // namespace snapferry::wire
