#pragma once

#include <utility>

#include "core/stream.h"
#include "remote/remote_call.h"
#include "wire/channel.h"

namespace snapferry::remote {

// A stream that the far end sends. Destroying it early cancels it there, and waits until the
// snapshot that it came of can be destroyed.
class RemoteStream : public Stream {
 public:
  explicit RemoteStream(wire::Channel channel) : channel_(std::move(channel)), stream_(channel_) {}
  ~RemoteStream() override { channel_.cancel_and_wait(kLetGo); }

  std::size_t read(std::span<std::uint8_t> buffer) override { return stream_.read(buffer); }
  void finish() override { stream_.finish(); }

 private:
  wire::Channel channel_;
  wire::ChannelStream stream_;
};

}  // namespace snapferry::remote
