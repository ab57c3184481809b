#include "wire/channel.h"

#include <algorithm>
#include <cstring>

namespace snapferry::wire {

std::size_t Channel::read(std::span<std::uint8_t> buffer, const Cancellation* cancellation) {
  if (position_ == current_.size()) {
    auto next = multiplexer_->take_data(*state_, cancellation);
    current_ = next ? std::move(*next) : Payload();
    position_ = 0;
  }
  const auto size = std::min(buffer.size(), current_.size() - position_);
  if (size > 0) std::memcpy(buffer.data(), current_.view().data() + position_, size);
  position_ += size;
  return size;
}

void Channel::cancel_and_wait(Duration limit) {
  multiplexer_->cancel(*state_);
  multiplexer_->wait_until_closed(*state_, limit);
}

std::size_t ChannelStream::read(std::span<std::uint8_t> buffer) {
  if (ended_) return 0;
  const auto size = channel_.read(buffer);
  ended_ = size == 0;
  return size;
}

void ChannelStream::finish() {
  std::uint8_t more = 0;
  if (read({&more, 1}) == 0) return;
  throw Error(ErrorKind::Corrupt, "a stream goes on behind its end; run it again");
}

}  // namespace snapferry::wire
