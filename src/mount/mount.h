#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/object_store.h"
#include "core/progress.h"
#include "core/snapshot.h"

namespace snapferry::mount {

struct MountOptions {
  // Other users may look in too, as far as the modes of the files let them; needs
  // "user_allow_other" in /etc/fuse.conf unless root mounts.
  bool allow_other = false;
  // Called once the mount is there, from the thread that called mount(). Must not
  // touch the mount itself: it is answered from when this returns.
  std::function<void()> on_ready;
  // The snapshots that there are now, oldest first; called when somebody looks into one
  // of the three upper levels, but no more often than this; any thread. If it throws
  // the list stays as it was. Null: the list never changes.
  std::function<std::vector<Snapshot>()> refresh;
  std::chrono::milliseconds refresh_interval = std::chrono::seconds(10);
  // Told the path of what could not be read, and why; any thread. Who reads it gets EIO.
  ProblemSink* problems = nullptr;
  // Bytes of decoded objects that are kept for reading on.
  std::size_t cache_size = 64u << 20;
};

// Shows `snapshots` (oldest first) read-only below `directory`, an empty directory, as
// mount/layout.h says: DIR/HOST/VOLUME/TIME/…, and `latest` beside the times. Returns
// when it was unmounted, or after SIGINT, SIGTERM or SIGHUP, whose handlers are set
// meanwhile; only one mount per process at a time. Several threads serve it.
//
// Everything that an entry holds is shown: type, mode, owner, mtime and ctime, size,
// holes, device numbers, extended attributes. Nothing is executed with other rights and
// no device opened (nosuid, nodev); the kernel checks modes and ACLs against who looks.
// Names of one file with several links have the same inode number; their number of links
// is given as 2, as the real one is not kept, and that of directories as 1.
//
// Throws NotFound (no such directory), InvalidArgument (not a directory), Conflict (not
// empty), Unsupported (no FUSE here), PermissionDenied, Busy (a mount is there already).
void mount(const std::vector<Snapshot>& snapshots, ObjectSource& source,
           const std::string& directory, const MountOptions& options = {});

}  // namespace snapferry::mount
