#include "wire/frame_reader.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include <sys/uio.h>
#include <unistd.h>

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kShownGreeting = 160;

// The bytes that came, 0 at the end; nullopt where there are none now.
std::optional<std::size_t> read_some(int input, std::span<const iovec> parts) {
  while (true) {
    const auto size = ::readv(input, parts.data(), static_cast<int>(parts.size()));
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EAGAIN) return std::nullopt;
    // A peer that is gone with our bytes unread resets a socket.
    if (errno == ECONNRESET) return 0;
    if (errno != EINTR) throw system_error(errno, "read from it", "the connection");
  }
}

iovec part_of(std::span<std::uint8_t> bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

FrameReader::Step FrameReader::step(const std::function<void(Frame)>& sink) {
  if (!has_magic_) return read_magic();
  // The next header comes along with a payload, so that a frame costs one call.
  std::array<iovec, 2> parts{};
  std::size_t count = 0;
  const auto rest = in_payload_ ? frame_.payload.free_space() : std::span<std::uint8_t>();
  if (in_payload_) parts.at(count++) = part_of(rest);
  parts.at(count++) = part_of(std::span(header_bytes_).subspan(header_size_));
  const auto size = read_some(input_, std::span(parts).first(count));
  if (!size) return Step::Blocked;
  if (*size == 0) return Step::Ended;
  const auto for_payload = std::min(*size, rest.size());
  if (in_payload_) {
    frame_.payload.add(for_payload);
    // Bytes of the next header are there only once the payload is whole.
    if (frame_.payload.room() > 0) return Step::Took;
    hand_over(sink);
  }
  header_size_ += *size - for_payload;
  if (header_size_ == kHeaderSize) take_header(sink);
  return Step::Took;
}

FrameReader::Step FrameReader::read_magic() {
  const std::array parts{part_of(std::span(magic_).subspan(magic_size_))};
  const auto size = read_some(input_, parts);
  if (!size) return Step::Blocked;
  if (*size == 0) return Step::Ended;
  magic_size_ += *size;
  const auto came = as_text(ByteView(magic_).first(magic_size_));
  if (!kMagic.starts_with(came)) refuse_greeting();
  has_magic_ = magic_size_ == kMagic.size();
  return Step::Took;
}

void FrameReader::refuse_greeting() {
  std::array<std::uint8_t, kShownGreeting> more{};
  const std::array parts{part_of(more)};
  std::string said(as_text(ByteView(magic_).first(magic_size_)));
  said += as_text(ByteView(more).first(read_some(input_, parts).value_or(0)));
  const auto end = said.find_first_of("\r\n");
  const auto first_line = said.substr(0, end == 0 ? said.npos : end);
  throw Error(ErrorKind::Unsupported,
              "the far end is not snapferry: it says \"" + printable(first_line) +
                  "\"; let the command run snapferry agent and print nothing before it");
}

void FrameReader::take_header(const std::function<void(Frame)>& sink) {
  frame_.header = parse_header(header_bytes_);
  frame_.payload = Payload(frame_.header.length);
  in_payload_ = true;
  header_size_ = 0;
  if (frame_.header.length == 0) hand_over(sink);
}

void FrameReader::hand_over(const std::function<void(Frame)>& sink) {
  in_payload_ = false;
  sink(std::move(frame_));
  frame_ = {};
}

}  // namespace snapferry::wire
