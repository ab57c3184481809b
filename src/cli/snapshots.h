#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/store.h"
#include "core/snapshot.h"
#include "core/snapshot_selector.h"
#include "core/tree_reader.h"

namespace snapferry::cli {

// This machine, the working directory, without which no relative path is understood, and what the
// command needs of a VOLUME without a host.
Standpoint standpoint(const Context& context);

// The one of `snapshots` that `selector` means; see core/snapshot_selector.h. Says whose it is,
// where it is another host's and the selector names none.
const Snapshot& choose_snapshot(Context& context, const std::vector<Snapshot>& snapshots,
                                const std::string& selector);

// The same out of all that the store has, complete. Throws Unsupported where it shows no files.
Snapshot find_snapshot(Context& context, stores::SnapshotStore& store, const std::string& selector);

// The PATH of a command as a path from the root of the volume. A full path of the host counts, too:
// in a snapshot of /home, "/home/alice" is "alice", if the snapshot holds that. Anything else is
// given back as it is. Throws what the reader throws.
std::string path_in_volume(const TreeReader& reader, const Snapshot& snapshot,
                           const std::string& path);

// The snapshots of each volume, oldest first; with a selector only those of that volume.
std::map<VolumeName, std::vector<Snapshot>> by_volume(Context& context,
                                                      const std::vector<Snapshot>& snapshots,
                                                      const std::string& selector);

// Names what a store could not remove, as a warning each.
void report_failures(Context& context, const std::vector<VolumeFailure>& failures);

// Warns where something is known against the native copy that `snapshot` is of: what comes back may
// be something else than what was backed up. True if there is. From a repository only what is right
// comes back.
bool warn_of_doubt(Context& context, stores::SnapshotStore& store, const Snapshot& snapshot);

// The names of users or groups as they were on the source; numbers where there is none.
class OwnerNames {
 public:
  explicit OwnerNames(const std::vector<OwnerName>& names) : names_(names) {}
  std::string of(std::uint32_t id) const;

 private:
  const std::vector<OwnerName>& names_;
};

}  // namespace snapferry::cli
