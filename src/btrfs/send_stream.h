#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/stream.h"
#include "core/volume.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// One subvolume of a stream.
struct SendLeg {
  std::string subject;       // names it in messages
  platform::Fd subvolume;    // read-only
  std::uint64_t parent = 0;  // the id of the one it is sent relative to; 0: whole
  std::vector<std::uint64_t> clone_sources;
  // Kept open so that nobody destroys them meanwhile.
  std::vector<platform::Fd> others;
};

enum class SendFormat {
  Version1,    // every kernel
  Compressed,  // version 2, data as it is compressed on the disk (Linux 6.0)
};

// The version of the streams that this kernel makes; 1 where it does not tell
// (/sys/fs/btrfs/features/send_stream_version).
unsigned newest_send_version();

// What `request` comes to: its intermediates and `to`, each relative to the one before. `open`
// gives the read-only subvolume of a point, or throws. Throws Unsupported for a base that is no
// snapshot.
std::vector<SendLeg> send_legs(const StreamRequest& request,
                               const std::function<platform::Fd(const Point&)>& open);
SendFormat send_format(const StreamRequest& request);

// What the kernel writes for `legs`, one stream behind the other (BTRFS_IOC_SEND, as `btrfs send`
// uses it, without a process). A thread of its own makes it; read() throws Unavailable where the
// kernel gave up, PermissionDenied where this is not root.
class SendStream : public Stream {
 public:
  SendStream(std::vector<SendLeg> legs, SendFormat format);
  ~SendStream() override;

  std::size_t read(std::span<std::uint8_t> buffer) override;
  void finish() override;
  int pipe() const override { return output_.get(); }

 private:
  void make(const std::vector<SendLeg>& legs, SendFormat format, platform::Fd input);
  void send(const SendLeg& leg, SendFormat format, int input);

  platform::Fd output_;
  std::exception_ptr failure_;  // written by the thread; read after joining it
  std::thread maker_;
};

}  // namespace snapferry::btrfs
