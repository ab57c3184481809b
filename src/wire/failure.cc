#include "wire/failure.h"

#include <algorithm>
#include <array>

#include "core/printable.h"
#include "wire/codec.h"

namespace snapferry::wire {
namespace {

// The number of a kind is its place here, beginning with 1. Never reorder.
constexpr std::array kKinds = {
    ErrorKind::InvalidArgument, ErrorKind::NotFound,
    ErrorKind::AlreadyExists,   ErrorKind::Busy,
    ErrorKind::Conflict,        ErrorKind::Unavailable,
    ErrorKind::NoSpace,         ErrorKind::PermissionDenied,
    ErrorKind::WrongPassword,   ErrorKind::Corrupt,
    ErrorKind::Unsupported,     ErrorKind::Cancelled,
    ErrorKind::Internal,
};

std::uint8_t number_of(ErrorKind kind) {
  const auto* place = std::find(kKinds.begin(), kKinds.end(), kind);
  if (place == kKinds.end()) return number_of(ErrorKind::Internal);
  return static_cast<std::uint8_t>(place - kKinds.begin() + 1);
}

// The last character may be cut in two; printable() shows what is left of it.
std::string cut(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  if (text.size() > kMaxFailureText) {
    text.resize(kMaxFailureText - 3);
    text += "...";
  }
  return text;
}

}  // namespace

Payload encode_failure(const Error& error) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.u8(number_of(error.kind()));
  encoder.text(cut(error.message()), kMaxFailureText);
  return Payload::copy_of(bytes);
}

Error decode_failure(ByteView bytes) {
  Decoder decoder(bytes, "a failure");
  std::uint8_t number = 0;
  decoder.u8(number);
  decoder.check(number >= 1 && number <= kKinds.size(), "is of an unknown kind");
  std::string message;
  decoder.text(message, kMaxFailureText);
  decoder.expect_end();
  return Error(kKinds.at(number - 1u), printable(message));
}

}  // namespace snapferry::wire
