#pragma once

#include <cstddef>
#include <optional>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/stream.h"
#include "wire/channel.h"

namespace snapferry::wire {

// A stream of messages: each with its length before it (PROTOCOL.md, `record`).

// No record is longer.
inline constexpr std::size_t kMaxRecord = 16u << 20;

// Puts small records together into full frames. Throws as the channel does.
class RecordWriter {
 public:
  // Borrows `channel`; `cancellation` may be null.
  RecordWriter(Channel& channel, const Cancellation* cancellation)
      : channel_(channel), cancellation_(cancellation) {}

  // Throws Unsupported for one that is too long.
  void add(ByteView record);
  // What was added so far goes out. The first record should not wait for others.
  void flush();

 private:
  void put(ByteView bytes);

  Channel& channel_;
  const Cancellation* cancellation_;
  Payload payload_;
};

class RecordReader {
 public:
  // Borrows `stream`.
  explicit RecordReader(Stream& stream) : stream_(stream) {}

  // The next record; nullopt at the end, where the stream was finished. Memory grows with the
  // bytes that really come. Throws Corrupt for one that is longer than `limit` or cut short, and
  // as the stream does.
  std::optional<Bytes> next(std::size_t limit);

 private:
  std::size_t fill(std::span<std::uint8_t> buffer);

  Stream& stream_;
};

}  // namespace snapferry::wire
