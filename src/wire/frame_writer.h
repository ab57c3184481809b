#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "wire/frame.h"

namespace snapferry::wire {

// Writes frames to a descriptor that does not block, many with one writev(2). Use from one
// thread, in which SIGPIPE is blocked.
class FrameWriter {
 public:
  // Waits until the descriptor takes more; false: give up.
  using Wait = std::function<bool(int output)>;

  // Borrows `output`.
  FrameWriter(int output, Wait wait) : output_(output), wait_(std::move(wait)) {}

  // False if `wait` gave up or the peer has closed its end. Throws Unavailable for a failing
  // descriptor.
  bool write(ByteView bytes);
  bool write(std::span<const Frame> frames);

 private:
  bool write_parts();

  const int output_;
  const Wait wait_;
  std::vector<ByteView> parts_;  // not written yet
};

}  // namespace snapferry::wire
