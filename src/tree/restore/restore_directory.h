#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/entry.h"
#include "core/tree_cursor.h"
#include "platform/fd.h"
#include "tree/restore/listed_names.h"
#include "tree/restore/losses.h"
#include "tree/restore/metadata_writer.h"
#include "tree/restore/restore_plan.h"
#include "tree/restore/restore_queue.h"

namespace snapferry::tree {

class RestoreSession;

// Null in a dry run where the directory is not there.
using DirectoryHandle = std::shared_ptr<const platform::Fd>;

// A directory that is being restored. Any worker takes the next entries from it, so a
// huge one occupies them all, and it is finished (mode, times) by whoever lets go of
// it last: its children hold it. Deletes itself then.
class RestoreDirectory final : public Work {
 public:
  // The target. `plan` outlives the restore.
  static RestoreDirectory& open_target(RestoreSession& session, const RestorePlan& plan,
                                       const std::string& target);

  void advance() override;
  void abandon() noexcept override;

  // Open as long as the handle is kept. Opened again if it was closed to spare
  // descriptors; throws Conflict if it is not where it was.
  DirectoryHandle handle();

  void hold() { ++holds_; }
  // `handle` may be null if the caller does not have it.
  void release(DirectoryHandle handle) noexcept;

  // Relative to the target; the directory itself if `name` is empty.
  std::string path_of(std::string_view name) const;
  const NewFileTraits& traits() const { return traits_; }
  // Nothing can be in it but what this restore has put there.
  bool is_new() const { return created_; }
  // Throws Conflict unless what was found in it under `name` has that name, and none that the
  // filesystem takes for it (tree/restore/listed_names.h).
  void require_listed(const std::string& name) const {
    if (listed_) listed_->require(name);
  }

 private:
  struct Child {
    Entry entry;
    const RestorePlan* plan = nullptr;  // null: all of it
  };

  RestoreDirectory(RestoreSession& session, RestoreDirectory* parent, Entry entry,
                   const RestorePlan* plan);
  ~RestoreDirectory();

  bool take_entries(std::vector<Entry>& files, std::optional<Child>& child);
  bool take_entry(std::vector<Entry>& files, std::optional<Child>& child);
  bool take_planned(std::vector<Entry>& files, std::optional<Child>& child);
  bool has_more();
  void enter(Child child, const DirectoryHandle& handle);

  // All of these are steps of enter(), on the child. False: leave it out.
  bool prepare(const DirectoryHandle& above);
  bool clear_way(const DirectoryHandle& above);
  void create(const DirectoryHandle& above);
  void open_existing(const DirectoryHandle& above, const struct statx& existing);
  void make_usable(const struct statx& existing);

  // Of the target: finds the mark of a restore that did not end well, or leaves one. True if this
  // goes on with one that made the directory.
  bool mark_unfinished(int fd);
  void make_way_for(std::string_view name);
  void set_handle(DirectoryHandle handle);
  void look_at_new(bool inherits_acl);
  void remove_extras(const DirectoryHandle& handle);
  void remove_temporary(const DirectoryHandle& handle, const std::string& name);
  std::vector<std::string> find_extras(const DirectoryHandle& handle);
  bool may_delete(const DirectoryHandle& handle, const std::vector<std::string>& names);
  bool was_cache(const DirectoryHandle& handle) const;
  void finish(const DirectoryHandle& handle);
  void finish_metadata(const DirectoryHandle& handle);
  DirectoryHandle handle_from_child(const DirectoryHandle& child);

  RestoreSession& session_;
  RestoreDirectory* const parent_;
  const Entry entry_;
  const RestorePlan* const plan_;  // null, or plan_->whole: all of it
  bool created_ = false;
  bool exists_ = false;
  bool apply_metadata_ = true;
  bool extras_left_ = false;  // to be looked for
  bool marked_ = false;       // as unfinished (tree/restore/unfinished_restore.h)
  // Reached through a mount point below the target, or another volume: nothing is deleted in it.
  bool beyond_mount_ = false;
  std::optional<unsigned> mode_to_put_back_;
  NewFileTraits traits_;
  std::optional<ListedNames> listed_;  // where it existed
  Losses losses_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;

  std::optional<TreeCursor> cursor_;
  std::size_t planned_ = 0;

  // One for being in the queue or worked on, one for each child, file and waiting link.
  std::atomic<std::size_t> holds_{1};
  std::mutex mutex_;
  DirectoryHandle open_;  // while it is kept open
  std::weak_ptr<const platform::Fd> last_open_;
  bool counted_ = false;  // in session_.open_directories
};

}  // namespace snapferry::tree
