#include "wire/frame_writer.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <limits.h>
#include <sys/uio.h>

#include "core/error.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kMaxVectors = 64;

iovec vector_of(ByteView bytes) {
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};  // NOLINT: writev only reads
}

}  // namespace

bool FrameWriter::write(ByteView bytes) {
  parts_.assign(1, bytes);
  return write_parts();
}

bool FrameWriter::write(std::span<const Frame> frames) {
  std::vector<HeaderBytes> headers;
  headers.reserve(frames.size());
  parts_.clear();
  for (const auto& frame : frames) {
    parts_.emplace_back(headers.emplace_back(encode_header(frame.header)));
    if (frame.payload.size() > 0) parts_.push_back(frame.payload.view());
  }
  return write_parts();
}

bool FrameWriter::write_parts() {
  std::size_t first = 0;
  while (first < parts_.size()) {
    std::array<iovec, kMaxVectors> vectors{};
    const auto count = std::min(kMaxVectors, parts_.size() - first);
    std::transform(parts_.begin() + static_cast<std::ptrdiff_t>(first),
                   parts_.begin() + static_cast<std::ptrdiff_t>(first + count), vectors.begin(),
                   vector_of);
    const auto result = ::writev(output_, vectors.data(), static_cast<int>(count));
    if (result < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE || errno == ECONNRESET) return false;
      if (errno != EAGAIN) throw system_error(errno, "write to it", "the connection");
      if (!wait_(output_)) return false;
      continue;
    }
    auto written = static_cast<std::size_t>(result);
    while (first < parts_.size() && written >= parts_[first].size()) {
      written -= parts_[first++].size();
    }
    if (first < parts_.size()) parts_[first] = parts_[first].subspan(written);
  }
  return true;
}

}  // namespace snapferry::wire
