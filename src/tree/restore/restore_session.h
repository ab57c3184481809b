#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/tree_reader.h"
#include "platform/fd.h"
#include "tree/left_out_summary.h"
#include "tree/owner_map.h"
#include "tree/restore/attribute_writer.h"
#include "tree/restore/deletion_plan.h"
#include "tree/restore/extras.h"
#include "tree/restore/limitations.h"
#include "tree/restore/link_records.h"
#include "tree/restore/losses.h"
#include "tree/restore/metadata_writer.h"
#include "tree/restore/restore.h"
#include "tree/restore/restore_queue.h"
#include "tree/restore/target_sync.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::tree {

// What the parts of one restore share. Safe from several threads.
class RestoreSession {
 public:
  RestoreSession(const Snapshot& snapshot, ObjectSource& source, const RestoreOptions& options,
                 RestoreObserver* observer);

  // Counts and tells about what is done, or in a dry run would be. `entry` is null for
  // what is deleted.
  void act(RestoreAction action, const RestoreDirectory& directory, std::string_view name,
           const Entry* entry);
  // The same by its path relative to the target.
  void act(RestoreAction action, std::string_view path, const Entry* entry);
  // Counts and reports a file that could not be restored as it was; throws `error`
  // again if it is one that nothing more can be done after.
  void fail(const RestoreDirectory& directory, std::string_view name, const Error& error);
  void fail(const std::string& path, std::string_view name, const Error& error);
  // Reports and counts a file that was restored without what `losses` says.
  void lost(const RestoreDirectory& directory, std::string_view name, const Losses& losses);
  void lost(const std::string& path, std::string_view name, const Losses& losses);
  // Tells and counts where what is restored of `entry` is not what was there (Entry::unsettled).
  void tell_if_unsettled(const std::string& path, const Entry& entry);
  bool has_failures() const { return failed_ > 0; }
  // What happens to a file that exists.
  Overwrite overwrite() const {
    const bool rewrite = unsynced && options.overwrite == Overwrite::Changed;
    return rewrite ? Overwrite::Always : options.overwrite;
  }
  // Tells and counts that the snapshot does not hold what `entry` was.
  void left_out(const RestoreDirectory& directory, const Entry& entry);

  // Whether the entry is not to be restored, which is counted then.
  bool passes_over(const RestoreDirectory& directory, const Entry& entry);

  void add_written(std::uint64_t bytes) { bytes_ += bytes; }
  void add_progress(std::uint64_t bytes);
  void check_cancelled() const;
  // For a file that may get more names, which are refused once it is sealed.
  void seal_later(const LinkRecords::Place& place, const Entry& entry);
  // Everything else is done. `target` is the root of the restore.
  void seal_all(const platform::Fd& target);
  std::string temporary_name();
  RestoreStats stats();

  const ObjectId snapshot;
  // Goes on with the same restore, which was interrupted: what is in the target is its own.
  bool resumes = false;
  ObjectSource& source;
  const TreeReader reader;
  const RestoreOptions& options;
  Limitations limitations;
  const OwnerMap owners;
  const MetadataWriter metadata;
  const AttributeWriter attributes{};
  LinkRecords links;
  Extras extras;
  DeletionPlan deletions;  // what goes; in a dry run, what would
  RestoreQueue queue;
  TargetSync sync;
  RestoreDirectory* root = nullptr;  // valid until the queue has run empty
  // What was restored to the target before and may not be on the disk: its files may look right and
  // be damaged.
  std::optional<UnfinishedRestore> unsynced;
  // The snapshot has a file of the mark's name in this place; then there is no mark.
  bool holds_mark_name = false;
  // Set when a step failed for good: directories are not finished any more.
  std::atomic<bool> stopping{false};
  // Directories that keep their descriptor while they are under way.
  std::atomic<int> open_directories{0};

 private:
  struct Sealed {
    LinkRecords::Place place;
    Entry entry;
  };
  void seal(const platform::Fd& target, const Sealed& file);
  void tell(const std::string& path, std::string_view name, const Error& error);

  RestoreObserver* observer_;
  std::mutex sealed_mutex_;
  std::vector<Sealed> sealed_;  // few have both
  const std::uint64_t run_;
  std::atomic<std::uint64_t> temporaries_{0};
  std::atomic<std::uint64_t> files_{0};
  std::atomic<std::uint64_t> directories_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> created_{0};
  std::atomic<std::uint64_t> replaced_{0};
  std::atomic<std::uint64_t> unchanged_{0};
  std::atomic<std::uint64_t> deleted_{0};
  std::atomic<std::uint64_t> protected_{0};
  std::atomic<std::uint64_t> passed_over_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> incomplete_{0};
  std::atomic<std::uint64_t> unsettled_{0};
  std::mutex left_out_mutex_;
  LeftOutSummary left_out_;
};

// True for errors after which the rest would only fail as well.
bool ends_restore(const Error& error);

}  // namespace snapferry::tree
