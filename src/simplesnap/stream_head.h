#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/stream.h"
#include "core/volume.h"

namespace snapferry::simplesnap {

// What the beginning of a ZFS stream says of it.
struct StreamHead {
  VolumeType type = VolumeType::Filesystem;
  bool package = false;      // several snapshots: zfs send -I
  std::optional<Guid> base;  // nullopt: a full stream
  std::string to_name;       // of its last snapshot, behind the '@'
  Guid to;                   // of its last snapshot; zero for a package, which does not say
  bool raw = false;
};

// A stream whose beginning was looked at and can be read again.
class HeadedStream : public Stream {
 public:
  // Reads from `stream` as far as the head goes. Throws Corrupt for what is no ZFS stream, and what
  // the stream's maker failed of where nothing came.
  explicit HeadedStream(std::unique_ptr<Stream> stream);

  const StreamHead& head() const { return head_; }
  // What the stream is checked against on its way (zfs::StreamInspector): that it goes on as it
  // began. Which snapshots a package holds is known when they have passed.
  StreamRequest request() const;

  std::size_t read(std::span<std::uint8_t> buffer) override;
  void finish() override { stream_->finish(); }
  int pipe() const override { return stream_->pipe(); }

 private:
  void read_record();

  std::unique_ptr<Stream> stream_;
  StreamHead head_;
  Bytes bytes_;
  std::size_t given_ = 0;
};

}  // namespace snapferry::simplesnap
