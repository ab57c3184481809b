#pragma once

#include <array>
#include <functional>

#include "wire/frame.h"

namespace snapferry::wire {

// Cuts what a descriptor that does not block brings into frames. Use from one thread.
class FrameReader {
 public:
  enum class Step { Took, Blocked, Ended };

  // Borrows `input`.
  explicit FrameReader(int input) : input_(input) {}

  // One readv(2); each frame that it completes goes to `sink`. Throws Corrupt for a bad header,
  // Unsupported where the peer does not begin with the magic (the message shows what it said),
  // Unavailable for a failing descriptor.
  Step step(const std::function<void(Frame)>& sink);

  // No frame is half there.
  bool is_between_frames() const { return has_magic_ && header_size_ == 0 && !in_payload_; }

 private:
  Step read_magic();
  [[noreturn]] void refuse_greeting();
  void take_header(const std::function<void(Frame)>& sink);
  void hand_over(const std::function<void(Frame)>& sink);

  const int input_;
  bool has_magic_ = false;
  std::array<std::uint8_t, kMagic.size()> magic_{};
  std::size_t magic_size_ = 0;
  HeaderBytes header_bytes_{};
  std::size_t header_size_ = 0;  // bytes of header_bytes_ that are there
  Frame frame_;                  // whose payload is on its way
  bool in_payload_ = false;
};

}  // namespace snapferry::wire
