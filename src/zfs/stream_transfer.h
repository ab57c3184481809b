#pragma once

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/stream.h"
#include "platform/command.h"
#include "zfs/stream_inspector.h"

namespace snapferry::zfs {

enum class TransferEnd {
  Whole,           // all of the stream passed, and its maker ended well
  ReceiverStopped  // the receiver closed its end early; its exit status says why
};

// Moves `stream` into `receiver`, every byte past `inspector` first; payload goes from pipe to
// pipe within the kernel where the stream has a pipe. Does not wait for the receiver. Throws
// Corrupt, Cancelled, and what the stream throws; the receiver has then not been given what was
// refused, and must be ended.
TransferEnd transfer(Stream& stream, StreamInspector& inspector, platform::Child& receiver,
                     Progress* progress, const Cancellation* cancellation);

// Reads all of `stream` past `inspector` to nowhere. Throws likewise.
void drain(Stream& stream, StreamInspector& inspector, Progress* progress,
           const Cancellation* cancellation);

}  // namespace snapferry::zfs
