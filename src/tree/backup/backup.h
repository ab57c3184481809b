#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/object_store.h"
#include "core/progress.h"
#include "core/snapshot.h"
#include "tree/backup/reread.h"
#include "tree/left_out_summary.h"

namespace snapferry::tree {

class ExcludeRules;  // tree/exclude.h
class FileSource;    // tree/backup/file_source.h

// What to take over unread from an earlier snapshot of the same volume.
struct Base {
  Entry root;
  Timestamp time;  // when that backup began: what changed shortly before or since is read again
  Timestamp finished = {};  // when it had read everything
};

struct BackupOptions {
  const ExcludeRules* excludes = nullptr;  // borrowed; nullptr: nothing is excluded
  bool exclude_caches = false;             // leave out what lies beside a CACHEDIR.TAG
  bool one_filesystem = false;             // leave out what is mounted below the volume
  // Take a mount point of the base that is a plain directory now, and empty or without most of what
  // was in it, for what it is.
  bool allow_empty = false;
  // Take in stores, mounts and snapshots of this program that lie below the volume.
  bool include_own = false;
  // Directories never entered, by device and inode: the store and the cache.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> skip;
  std::optional<RereadRule> reread;  // of files that did not change; nullopt: none
  unsigned threads = 0;              // 0: one per processor that this process may use
  Progress* progress = nullptr;
  ProblemSink* problems = nullptr;  // each unreadable file, by its path
  const Cancellation* cancellation = nullptr;
};

struct BackupResult {
  Entry root;
  BackupStats stats;  // without bytes_added and bytes_stored, which the store counts
  std::vector<OwnerName> users;
  std::vector<OwnerName> groups;
  LeftOutSummary left_out;
};

// Walks `files` on several threads, puts new
// content and trees into `sink`, and takes unchanged entries over from `base` (read
// through `source`; nullopt: everything is read). Nothing is followed: a symlink that is
// the root itself is a symlink. What is left out, unreadable files among it, is an
// entry without content that tells the reason (core/left_out.h). Unreadable files are
// reported, too, and counted in stats.files_failed; files that change while they are read are read
// again, and marked `unsettled` if they never settle. A directory on which something was mounted in
// the base, and which is no mount point now and empty, or has less than half of the names that it
// had, is one whose disk is away, whatever was written in its place since: it is left out as on
// another filesystem, reported and counted as failed, unless `allow_empty`. With `one_filesystem`
// nothing of that disk was wanted.
//
// Throws NotFound or PermissionDenied if the root itself cannot be read, or is such a directory and
// not empty, InvalidArgument if it is a mount of this program, unless `include_own`, what the
// source throws when it is gone as a whole, Cancelled, and what the sink throws. Memory is bounded
// by the depth of the tree and the widest directory, not by the number of files.
BackupResult backup(FileSource& files, const std::optional<Base>& base, ObjectSource& source,
                    ObjectSink& sink, const BackupOptions& options);

// Stores what `fd` yields until its end as a file of mode 0600 with the present time;
// for `backup --stdin`. On the same terms.
BackupResult backup_stream(int fd, ObjectSink& sink, const BackupOptions& options);

}  // namespace snapferry::tree
