#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/bytes.h"
#include "core/stream.h"

namespace snapferry::zfs {

// The bytes of a builder, as a sender would give them.
class BytesStream : public Stream {
 public:
  explicit BytesStream(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = std::min(buffer.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, buffer.begin());
    at_ += size;
    return size;
  }
  void finish() override {}

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace snapferry::zfs
