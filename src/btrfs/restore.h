#pragma once

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/stream.h"
#include "core/volume.h"

namespace snapferry::btrfs {

// Brings a whole volume back: receives `request.to`, a stream that Store::send() made, beside
// `volume` as one of its snapshots (snapshot_place.h), and makes `volume` a writable snapshot of
// that. A base is looked for where BtrfsSource finds it. Because the received one keeps its
// identity and is what the volume was taken of, it is a point of it, and the next backup is
// incremental. `request.volume` may have another name; intermediates come along.
//
// If the snapshot is there already, of the same identity, the stream is not read at all. Throws
// AlreadyExists if anything is at the path of `volume`: nothing is ever replaced; Unsupported if
// its directory is not on a btrfs; and what receive_snapshots() throws.
void restore_volume(const std::string& volume, const StreamRequest& request, Stream& stream,
                    Progress* progress, const Cancellation* cancellation);

}  // namespace snapferry::btrfs
