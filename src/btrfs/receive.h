#pragma once

#include <functional>
#include <string>

#include "btrfs/group_commit.h"
#include "btrfs/run_begin.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/stream.h"
#include "core/turn.h"
#include "core/volume.h"
#include "platform/fd.h"

namespace snapferry::btrfs {

// How a finished subvolume gets into its place.
enum class Placing {
  // By a new name and as read-only. The subvolume that it was made from is its base, which is what
  // a source goes by (lineage.h).
  Rename,
  // By a read-only snapshot of it, which has its received_uuid, too: all at once, and with a commit
  // that others can share, while the kernel makes one subvolume after the other read-only.
  Snapshot,
};

// Where snapshots are received: a directory that nobody else works in meanwhile.
struct ReceiveTarget {
  int directory = -1;  // borrowed
  std::string path;
  // Gives the subvolume of the base or of a clone source, or throws. Only its descriptor is
  // used: a look-up by uuid, as `btrfs receive` does it, could find a copy elsewhere.
  std::function<platform::Fd(const Point&)> open;
  // Of receives on the same filesystem at the same time, which then share commits.
  GroupCommit* commits = nullptr;
  Turn* turn = nullptr;  // given back while the disk is waited for
  Placing placing = Placing::Rename;
  RunBegin* run = nullptr;  // marks what is received; nullptr: nothing is marked
};

// Name of the subvolume in the making, in the directory that the finished one will be in.
inline constexpr const char* kPartialName = ".partial";

// Takes in what `request` asks for, checking it on the way (StreamInspector, SubvolumeWriter), in
// this order:
//
//   make .partial, empty or as a writable snapshot of the base; carry out the records;
//   with Rename    flush all its data; mark it received; rename it to its name; make it read-only
//   with Snapshot  mark it received; take the read-only snapshot; remove .partial
//
// Each step is durable before or with the next, the last but a removal on return, so that a
// snapshot is complete whenever it has its name, received_uuid and is read-only. A crash leaves
// .partial, which the next receive removes, or, in the instant before the last step of Rename, a
// complete one which is still writable, which mend_interrupted() finishes. (Taking a snapshot
// writes the data of its subvolume out first; fs/btrfs/ioctl.c, btrfs_mksnapshot.)
//
// Throws what the inspector and the writer throw; AlreadyExists if a name is taken; then .partial
// is gone, and of several snapshots the first ones may be there.
void receive_snapshots(const ReceiveTarget& target, const StreamRequest& request, Stream& stream,
                       Progress* progress, const Cancellation* cancellation);

// Removes .partial if there is one; true if there was. Throws Conflict if it is no subvolume.
bool remove_partial(int directory, const std::string& path);

// Makes those read-only that were complete when a crash came; no other is touched: a received
// one that was made writable and changed later has a generation above that of its receive.
void mend_interrupted(int directory, const std::string& path);

}  // namespace snapferry::btrfs
