#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/stream.h"

namespace snapferry::testing {

enum class CutKind {
  Failure,  // read() throws Unavailable, as for a lost connection
  End,      // read() returns 0 and finish() is content: whoever made the bytes lied
};

// Passes on `limit` bytes of `inner` and then breaks off.
class CutStream : public Stream {
 public:
  CutStream(std::unique_ptr<Stream> inner, std::uint64_t limit, CutKind kind = CutKind::Failure)
      : inner_(std::move(inner)), left_(limit), kind_(kind) {}

  std::size_t read(std::span<std::uint8_t> buffer) override {
    if (left_ == 0) {
      if (kind_ == CutKind::End) return 0;
      throw Error(ErrorKind::Unavailable, "the connection was lost; run the command again");
    }
    const std::size_t size =
        inner_->read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
    left_ -= size;
    return size;
  }
  void finish() override {
    if (kind_ == CutKind::Failure) inner_->finish();
  }

 private:
  std::unique_ptr<Stream> inner_;
  std::uint64_t left_;
  const CutKind kind_;
};

}  // namespace snapferry::testing
