#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace snapferry {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
// Fills `out` with the bytes that `text` spells, two digits of either case for each. False, with
// `out` in no certain state, for anything else.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out);

// Appends little-endian integers and byte strings to a buffer it borrows.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { append(&value, sizeof value); }
  void u32(std::uint32_t value) { append(&value, sizeof value); }
  void u64(std::uint64_t value) { append(&value, sizeof value); }
  void i64(std::int64_t value) { append(&value, sizeof value); }
  void raw(ByteView bytes) { append(bytes.data(), bytes.size()); }
  // u32 length, then the bytes.
  void sized(ByteView bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    out_.insert(out_.end(), first, first + size);
  }
  Bytes& out_;
};

// Reads what ByteWriter wrote from bytes that may be anything. Every read checks
// that enough is left and throws Error(Corrupt) naming `subject` and the offset;
// nothing is ever allocated by an unchecked length.
class ByteReader {
 public:
  ByteReader(ByteView bytes, std::string_view subject) : bytes_(bytes), subject_(subject) {}

  std::uint8_t u8() { return load<std::uint8_t>(); }
  std::uint16_t u16() { return load<std::uint16_t>(); }
  std::uint32_t u32() { return load<std::uint32_t>(); }
  std::uint64_t u64() { return load<std::uint64_t>(); }
  std::int64_t i64() { return load<std::int64_t>(); }
  // A view into the bytes given to the constructor.
  ByteView raw(std::size_t size) {
    need(size);
    ByteView part = bytes_.subspan(position_, size);
    position_ += size;
    return part;
  }
  ByteView sized() { return raw(u32()); }

  std::size_t remaining() const { return bytes_.size() - position_; }
  std::size_t position() const { return position_; }
  bool at_end() const { return remaining() == 0; }
  // Throws Corrupt unless everything was read.
  void expect_end() const;
  // Throws Corrupt: "SUBJECT: CAUSE at offset N".
  [[noreturn]] void fail(std::string_view cause) const;

 private:
  template <typename T>
  T load() {
    need(sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }
  void need(std::size_t size) const {
    if (remaining() < size) fail("ends too early");
  }

  ByteView bytes_;
  std::string_view subject_;
  std::size_t position_ = 0;
};

}  // namespace snapferry
