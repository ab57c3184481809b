#include "wire/codec.h"

namespace snapferry::wire {

void Encoder::text(std::string_view value, std::size_t limit) {
  need_at_most(value.size(), limit);
  check(value.find('\0') == std::string_view::npos, "holds a NUL");
  writer_.sized(as_bytes(value));
}

void Encoder::bytes(ByteView value, std::size_t limit) {
  need_at_most(value.size(), limit);
  writer_.sized(value);
}

void Encoder::check(bool good, std::string_view cause) const {
  if (!good) throw Error(ErrorKind::InvalidArgument, "a request: " + std::string(cause));
}

void Encoder::need_at_most(std::size_t size, std::size_t limit) {
  if (size <= limit) return;
  throw Error(ErrorKind::InvalidArgument, "a request: holds " + std::to_string(size) +
                                              " where the protocol allows at most " +
                                              std::to_string(limit) + "; ask for less at once");
}

void Decoder::flag(bool& value) {
  const auto number = reader_.u8();
  if (number > 1) reader_.fail("holds a flag that is neither 0 nor 1");
  value = number == 1;
}

void Decoder::text(std::string& value, std::size_t limit) {
  const std::size_t size = reader_.u32();
  if (size > limit) reader_.fail("holds a text beyond its limit");
  value = as_text(reader_.raw(size));
  if (value.find('\0') != std::string::npos) reader_.fail("holds a NUL");
}

void Decoder::bytes(Bytes& value, std::size_t limit) {
  const std::size_t size = reader_.u32();
  if (size > limit) reader_.fail("holds bytes beyond their limit");
  const ByteView view = reader_.raw(size);
  value.assign(view.begin(), view.end());
}

}  // namespace snapferry::wire
