#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"
#include "platform/fd.h"
#include "tree/exclude.h"
#include "tree/restore/restore.h"
#include "tree/restore/target.h"

namespace snapferry::tree {

class RestoreDirectory;
class RestoreSession;

// Whether `stat` is of one of RestoreOptions::untouchable.
bool is_untouchable(const RestoreOptions& options, const struct statx& stat);

// What is in the target but not in the snapshot, and is to go with `delete_extra`: found while the
// directories are restored, and removed when everything else is done.
//
// Nothing goes that the backup would have left out, or that this restore passes over: what the
// patterns of the snapshot or of the restore exclude, and what is mounted or a volume of its own at
// the target, also deep inside something that goes. So
// do stores of this program, which are named.
class Extras {
 public:
  // Throws InvalidArgument if the snapshot's patterns cannot be read, or if it is incomplete and of
  // an earlier version, so that nobody knows what it lacks.
  Extras(const Snapshot& snapshot, const RestoreOptions& options);

  // In a dry run counts what would go; otherwise keeps the name for remove_all(). Any thread.
  void found(RestoreSession& session, const RestoreDirectory& directory, int fd,
             const std::string& name);

  // Removes all that was found, but nothing if anything could not be restored. One thread.
  void remove_all(RestoreSession& session, int target);

  // Makes way for a file where a directory is: now, and only if all of it may go. Throws Conflict
  // otherwise. In a dry run only counts.
  void clear_way(RestoreSession& session, const RestoreDirectory& directory, int fd,
                 const std::string& name);

  // For snapshots of earlier versions, which do not record it: whether what `fd` holds beside the
  // snapshot's names may have been left out. `empty`: the snapshot has no name in it.
  bool may_be_left_out(int fd, bool empty, const std::vector<std::string>& names) const;

 private:
  struct Found {
    std::string directory;  // relative to the target
    std::string name;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
  };

  bool remove(RestoreSession& session, const std::string& directory, int fd,
              const std::string& name, bool dry_run);
  void remove_one(RestoreSession& session, int target, const Found& found);

  const bool records_left_out_;
  const bool one_filesystem_;
  ExcludeRules excludes_;
  std::mutex mutex_;
  std::vector<Found> found_;
};

}  // namespace snapferry::tree
