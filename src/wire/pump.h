#pragma once

#include <cstdint>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/stream.h"
#include "wire/channel.h"

namespace snapferry::wire {

// Sends all of `stream` by `channel`, finishes the stream and ends the channel's data. Counts the
// bytes in `progress` as the channel takes them. Throws as stream or channel failed, Cancelled;
// the data is not ended then. A stream with a pipe is left at once when the channel fails; any
// other one after its next read. Returns the number of bytes.
std::uint64_t pump(Stream& stream, Channel& channel, Progress* progress = nullptr,
                   const Cancellation* cancellation = nullptr);

}  // namespace snapferry::wire
