#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "core/object_store.h"
#include "core/progress.h"
#include "core/snapshot.h"
#include "tree/exclude.h"
#include "tree/left_out_summary.h"
#include "tree/restore/deletion_plan.h"

namespace snapferry::tree {

enum class Overwrite {
  Never,    // what exists stays as it is
  Changed,  // what differs in type, size or mtime is replaced
  Always,   // everything is written again
};

struct RestoreOptions {
  // Paths below the root of the volume; empty: everything. A path restores to the
  // same place below the target that it has below the root.
  std::vector<std::string> paths;
  // What matches below these is passed over with all that is in it: not restored, not deleted.
  ExcludeRules excludes;
  Overwrite overwrite = Overwrite::Changed;
  // Remove what is in the restored directories but not in the snapshot, once all else was restored:
  // never what the snapshot left out, what its patterns exclude, or what is mounted or a volume of
  // its own below the target.
  bool delete_extra = false;
  // What a dry run found to be deleted: then nothing else is. Borrowed.
  const DeletionPlan* deletions = nullptr;
  // Directories, by device and inode, that are neither deleted nor restored into, wherever they
  // are: the store that this is restored from, and the cache.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> untouchable;
  std::string home;  // what "~" means in the snapshot's patterns
  // Consent to `delete_extra` where the target is the root of the system, or a mount point.
  bool delete_in_root = false;
  bool delete_in_mount_point = false;
  bool dry_run = false;        // report, change nothing
  bool numeric_owner = false;  // do not map owners by name
  unsigned threads = 0;        // 0: one per processor that this process may use
  Progress* progress = nullptr;
  ProblemSink* problems = nullptr;  // each file that could not be restored as it was
  const Cancellation* cancellation = nullptr;
};

// Protect: it stays although the snapshot does not hold it, because it was left out or may not be
// deleted.
enum class RestoreAction { Create, Replace, UpdateMetadata, Keep, Delete, Protect };

// Told what is done (or, in a dry run, would be done) to each path; any thread.
class RestoreObserver {
 public:
  virtual ~RestoreObserver() = default;
  virtual void on_action(RestoreAction action, std::string_view path, const Entry* entry) = 0;
};

struct RestoreStats {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t bytes = 0;  // written
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t deleted = 0;
  std::uint64_t protected_paths = 0;
  std::uint64_t passed_over = 0;  // names that RestoreOptions::excludes match; not what is below
  std::uint64_t failed = 0;
  std::uint64_t incomplete = 0;  // restored without a part of their metadata
  std::uint64_t unsettled = 0;   // restored as they were saved, which is not as they were
  DeletionPlan deletions;        // in a dry run: what would be deleted
  LeftOutSummary left_out;       // of the snapshot, and so not restored
  // Not for each file but once: what this user or the target cannot have (owners, ACLs, …), and
  // what the snapshot has not as it was, with how many paths that concerns and the first of them.
  std::vector<std::string> limitations;
};

// Brings `snapshot`, or the chosen paths of it, to the directory `target`, which is
// created if missing. Only ever writes below `target`: every step is relative to an
// open directory and follows no symlink, whatever the snapshot holds and whatever
// others do meanwhile. A file is written beside, and renamed when it is complete.
// What cannot be restored is reported through `problems` and counted, and does not
// stop the rest: so is what was unreadable when the snapshot was taken. What else was left out is
// passed over, and stays as it is in the target; mount points are made. Damaged content never
// reaches the target under its real name. In the end all of it is durable, or a failure (of the
// path
// "") says that it may not be; then the next restore there writes everything again unless it is to
// overwrite nothing.
//
// Throws NotFound (a path that the snapshot does not hold or left out; nothing was changed then),
// InvalidArgument (deleting was not consented to), PermissionDenied, NoSpace, Cancelled.
RestoreStats restore(const Snapshot& snapshot, const std::string& target, ObjectSource& source,
                     const RestoreOptions& options, RestoreObserver* observer = nullptr);

}  // namespace snapferry::tree
