#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/directory_listing.h"
#include "tree/backup/entry_reader.h"

namespace snapferry::tree {

// The entry of the volume itself, whose tree becomes known last.
struct RootEntry {
  Bytes encoded;
};

// One worker of a backup: walks directories and puts chunks as they come from the
// queue. Each entry is looked at, compared with the base's, and added to the tree of its
// directory; subdirectories become tasks. The last part of a directory to be complete,
// wherever it was worked on, completes the directory in its parent, and so on upwards:
// nobody waits for a directory.
class DirectoryWalker {
 public:
  DirectoryWalker(WalkContext& context, RootEntry& root)
      : context_(context), root_(root), entries_(context, totals_.stats) {}

  // Takes tasks until there are none. An error ends the work of all.
  void run() noexcept;

  // Looks at the volume itself, and pushes its directory. Throws if it cannot be read.
  void start(const std::optional<Entry>& base);

  const WorkerTotals& totals() const { return totals_; }

 private:
  void walk(DirectoryTask& task);
  // The open directory with its names in listing_, and why all of them are left out in
  // listing_left_out_; nullptr if it could not be read, which was reported.
  OpenDirectory open_and_list(Directory& directory);
  void walk_entries(const std::shared_ptr<Directory>& directory, const OpenDirectory& opened,
                    BaseCursor& base);
  // All that is in it, though it was to be entered.
  void leave_out_whole(const Directory& directory, LeftOut reason);
  // Whether the directory that was listed has less than half of the names that it had in the base.
  bool has_lost_most(const std::optional<ObjectId>& base) const;
  // Leaves the directory out, and says that its disk is away. Throws NotFound for the volume
  // itself.
  void miss_disk(const Directory& directory);
  bool disk_may_be_away(const Directory& directory, const EntryOutcome& outcome,
                        const BaseItem* base) const;
  // Why the name is left out unread.
  LeftOut reason_for(const EntryPlace& place, std::uint8_t type);
  void leave_out(const std::shared_ptr<Directory>& directory, const EntryPlace& place,
                 std::uint8_t type, LeftOut reason, const BaseItem* base);
  void add_left_out(const std::shared_ptr<Directory>& directory, const EntryPlace& place,
                    const Entry& entry, const BaseItem* base);
  LeftOut reason_not_to_enter(const std::shared_ptr<Directory>& directory, const EntryPlace& place,
                              const EntryOutcome& outcome);
  void push_subdirectories(const std::shared_ptr<Directory>& directory,
                           const OpenDirectory& opened);
  void add_entry(const std::shared_ptr<Directory>& directory, const EntryPlace& place,
                 std::uint8_t type, const BaseItem* base);
  void store_later(const std::shared_ptr<Directory>& directory, IdSlot slot, ByteView content);
  void add_directory(const std::shared_ptr<Directory>& directory, const EntryPlace& place,
                     const EntryOutcome& outcome, const BaseItem* base, IdSlot slot);
  bool is_excluded(const EntryPlace& place, std::uint8_t type);
  void count(const EntryPlace& place, const EntryOutcome& outcome, bool in_base);
  void show_progress(const BackupStats& before);
  void count_removed(const TreeNode::Item& item);
  void fail(const std::string& path, std::string_view name, const Error& error);

  WalkContext& context_;
  RootEntry& root_;
  WorkerTotals totals_;
  EntryReader entries_;
  platform::DirectoryListing listing_;
  LeftOut listing_left_out_ = LeftOut::None;  // of a cache: all but its tag
  std::vector<DirectoryTask> subdirectories_;
  std::uint64_t shown_ = 0;   // bytes of big files, which Progress has counted already
  std::string exclude_path_;  // the directory's path and a slash, then a name
  std::size_t exclude_prefix_ = 0;
  Bytes left_out_;  // the encoded entry
};

// Fills in the id of what waits in `slot` of `directory`, and completes upwards.
void complete(RootEntry& root, std::shared_ptr<Directory> directory, IdSlot slot, ObjectId id);
// The same where the content of what waits is left out.
void complete(RootEntry& root, const std::shared_ptr<Directory>& directory, IdSlot slot,
              LeftOut reason);

}  // namespace snapferry::tree
