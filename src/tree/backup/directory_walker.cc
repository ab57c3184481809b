#include "tree/backup/directory_walker.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <dirent.h>

#include "tree/backup/left_out.h"
#include "tree/directory_kinds.h"
#include "tree/exclude.h"
#include "tree/posix_acl.h"

namespace snapferry::tree {
namespace {

// Subdirectories go to the other workers in groups of so many.
constexpr std::size_t kPushAfter = 256;

}  // namespace

void complete(RootEntry& root, std::shared_ptr<Directory> directory, IdSlot slot, ObjectId id) {
  while (directory) {
    const std::optional<ObjectId> tree = directory->tree.fill(slot, id);
    if (!tree) return;
    id = *tree;
    slot = directory->slot;
    directory = std::shared_ptr<Directory>(directory->parent);
  }
  std::copy(id.bytes.begin(), id.bytes.end(), root.encoded.end() - ObjectId::kSize);
}

void complete(RootEntry& root, const std::shared_ptr<Directory>& directory, IdSlot slot,
              LeftOut reason) {
  const std::optional<ObjectId> tree = directory->tree.leave_out(slot, reason);
  if (tree) complete(root, directory->parent, directory->slot, *tree);
}

void DirectoryWalker::run() noexcept {
  try {
    while (std::optional<Task> task = context_.queue.next()) {
      auto* chunk = std::get_if<ChunkTask>(&*task);
      if (chunk != nullptr) {
        put_chunk(context_.sink, *chunk);
      } else {
        walk(std::get<DirectoryTask>(*task));
      }
      context_.queue.done(chunk != nullptr);
    }
  } catch (...) {
    context_.queue.stop(std::current_exception());
  }
}

void DirectoryWalker::start(const std::optional<Entry>& base) {
  const std::string& name = context_.files.name();
  const EntryPlace place{nullptr, context_.directories.above(), name.c_str(), {}};
  Bytes base_entry;
  if (base) encode_entry(*base, base_entry);
  const ByteView base_view(base_entry);
  const EntryOutcome outcome = entries_.read(place, base ? &base_view : nullptr, false);
  if (outcome.state == EntryOutcome::State::Skipped) {
    throw Error(ErrorKind::InvalidArgument,
                name + ": is where the backup itself is stored; choose another directory");
  }
  root_.encoded.assign(outcome.encoded.begin(), outcome.encoded.end());
  count(place, outcome, base.has_value());
  show_progress({});
  if (!outcome.is_directory()) return;
  DirectoryTask task;
  task.name = name;
  if (base && base->has_tree()) task.base = base->tree;
  task.disk_may_be_away =
      base && base->mount_point && !outcome.mount_point && !context_.options.allow_empty;
  subdirectories_.push_back(std::move(task));
  context_.queue.push(subdirectories_);
}

void DirectoryWalker::walk(DirectoryTask& task) {
  context_.queue.check();
  auto directory = std::make_shared<Directory>(context_.sink, std::move(task.parent), task.name);
  directory->slot = task.slot;
  const OpenDirectory opened = open_and_list(*directory);
  if (!opened) return leave_out_whole(*directory, LeftOut::Unreadable);
  if (task.disk_may_be_away && has_lost_most(task.base)) {
    return miss_disk(*directory);
  }
  BaseCursor base(context_.source, task.base);
  const BackupStats before = totals_.stats;
  walk_entries(directory, opened, base);
  opened->end_looking();
  if (base.error()) {
    context_.report(directory->path(),
                    "its earlier backup is unreadable, so all of it was read and stored again (" +
                        base.error()->message() + ")");
  }
  show_progress(before);
  push_subdirectories(directory, opened);
  const std::optional<ObjectId> tree = directory->tree.finish(base.shape());
  if (!tree) return;
  const IdSlot slot = directory->slot;
  auto parent = directory->parent;
  directory.reset();
  complete(root_, std::move(parent), slot, *tree);
}

// What was written into the place of a disk that is away, a marker or a log, is not what was there.
// Of what the base left out nobody knows. What was moved from the disk to here has its names.
bool DirectoryWalker::has_lost_most(const std::optional<ObjectId>& base) const {
  if (listing_.size() == 0 || !base) return true;
  std::size_t names = 0;
  std::size_t missing = 0;
  for (BaseCursor cursor(context_.source, base); !cursor.at_end(); cursor.advance()) {
    ++names;
    if (listing_.find(cursor->item->name) == listing_.size()) ++missing;
  }
  return missing > names / 2;
}

void DirectoryWalker::miss_disk(const Directory& directory) {
  const std::string cause = listing_.size() == 0
                                ? "is empty, and something was mounted on it at the last backup"
                                : "something was mounted on it at the last backup, and most of "
                                  "what was there is missing";
  const std::string text =
      cause + "; is its disk mounted? If that is as it should be, pass --allow-empty";
  if (!directory.parent) throw Error(ErrorKind::NotFound, directory.name + ": " + text);
  ++totals_.stats.files_failed;
  context_.report(directory.path(), text);
  leave_out_whole(directory, LeftOut::OtherFilesystem);
}

void DirectoryWalker::leave_out_whole(const Directory& directory, LeftOut reason) {
  totals_.left_out.add(reason, directory.path());
  ++totals_.stats.names_left_out;
  complete(root_, directory.parent, directory.slot, reason);
}

OpenDirectory DirectoryWalker::open_and_list(Directory& directory) {
  listing_.clear();
  listing_left_out_ = LeftOut::None;
  try {
    if (context_.hooks.opening) {
      const int number = context_.hooks.opening(directory.path());
      if (number != 0) throw system_error(number, "open the directory", directory.name);
    }
    OpenDirectory opened = context_.directories.open(directory.parent, directory.name);
    std::tie(directory.device, directory.inode) = opened->identity();
    opened->list(listing_);
    const BackupOptions& options = context_.options;
    if (!directory.parent && !options.include_own && opened->is_own_mount()) {
      throw Error(ErrorKind::InvalidArgument,
                  directory.name +
                      ": shows the snapshots of a store, which 'snapferry mount' put there; choose "
                      "another directory, or pass --include-own");
    }
    if (options.exclude_caches && opened->has_cache_tag(listing_)) {
      listing_left_out_ = LeftOut::Cache;
    } else if (directory.parent && !options.include_own && opened->is_own_store(listing_)) {
      listing_left_out_ = LeftOut::OwnStore;
      totals_.left_out.add(LeftOut::OwnStore, directory.path());
    }
    if (context_.hooks.listed) context_.hooks.listed(directory.path());
    return opened;
  } catch (const Error& error) {
    if (!directory.parent || context_.files.is_gone(error)) throw;
    fail(directory.path(), directory.name, error);
    return nullptr;
  }
}

void DirectoryWalker::walk_entries(const std::shared_ptr<Directory>& directory,
                                   const OpenDirectory& opened, BaseCursor& base) {
  if (context_.options.excludes != nullptr) {
    exclude_path_ = directory->path();
    if (!exclude_path_.empty()) exclude_path_ += '/';
    exclude_prefix_ = exclude_path_.size();
  }
  for (std::size_t index = 0; index < listing_.size(); ++index) {
    const platform::DirectoryListing::Name name = listing_[index];
    for (; !base.at_end() && base->item->name < name.view(); base.advance()) {
      count_removed(*base->item);
    }
    const EntryPlace place{directory.get(), *opened, name.text, name.view()};
    const bool in_base = !base.at_end() && base->item->name == name.view();
    const BaseItem* const origin = in_base ? &*base : nullptr;
    const LeftOut reason = reason_for(place, name.type);
    try {
      if (reason != LeftOut::None) {
        leave_out(directory, place, name.type, reason, origin);
      } else {
        add_entry(directory, place, name.type, origin);
      }
    } catch (const Error& error) {
      if (context_.queue.stopped() || error.kind() == ErrorKind::Cancelled) throw;
      if (context_.files.is_gone(error)) throw;
      fail(place.path(), place.text, error);
      leave_out(directory, place, name.type, LeftOut::Unreadable, origin);
    }
    if (in_base) base.advance();
    if (subdirectories_.size() >= kPushAfter) push_subdirectories(directory, opened);
  }
  for (; !base.at_end(); base.advance()) count_removed(*base->item);
}

LeftOut DirectoryWalker::reason_for(const EntryPlace& place, std::uint8_t type) {
  if (listing_left_out_ != LeftOut::None) {
    const bool tag = listing_left_out_ == LeftOut::Cache && place.name == kCacheTag;
    if (!tag) return listing_left_out_;
  }
  return is_excluded(place, type) ? LeftOut::Excluded : LeftOut::None;
}

void DirectoryWalker::leave_out(const std::shared_ptr<Directory>& directory,
                                const EntryPlace& place, std::uint8_t type, LeftOut reason,
                                const BaseItem* base) {
  const std::optional<Entry> entry = left_out_entry(place, type, reason);
  if (!entry) return;  // vanished
  add_left_out(directory, place, *entry, base);
}

// What was in the base is not counted as removed: nobody knows.
void DirectoryWalker::add_left_out(const std::shared_ptr<Directory>& directory,
                                   const EntryPlace& place, const Entry& entry,
                                   const BaseItem* base) {
  left_out_.clear();
  encode_entry(entry, left_out_);
  const bool same = base != nullptr && std::ranges::equal(base->item->bytes, left_out_);
  directory->tree.add(place.name, left_out_, same ? base : nullptr);
  ++totals_.stats.names_left_out;
  if (!entry.name_only) {
    totals_.users.add(entry.uid);
    totals_.groups.add(entry.gid);
  }
  // A store was told as a whole.
  if (listing_left_out_ == LeftOut::OwnStore) return;
  if (entry.left_out == LeftOut::Excluded || entry.left_out == LeftOut::Cache) {
    totals_.left_out.count(entry.left_out);
  } else {
    totals_.left_out.add(entry.left_out, place.path());
  }
}

LeftOut DirectoryWalker::reason_not_to_enter(const std::shared_ptr<Directory>& directory,
                                             const EntryPlace& place, const EntryOutcome& outcome) {
  const Boundary boundary = outcome.mount_point                   ? Boundary::Mount
                            : outcome.device != directory->device ? Boundary::Device
                                                                  : Boundary::None;
  return place.in.reason_not_to_enter(place.text, boundary, context_.options);
}

bool DirectoryWalker::is_excluded(const EntryPlace& place, std::uint8_t type) {
  const ExcludeRules* rules = context_.options.excludes;
  if (rules == nullptr || rules->empty()) return false;
  bool is_directory = type == DT_DIR;
  if (type == DT_UNKNOWN) {
    try {
      is_directory = S_ISDIR(place.in.look(place.text, Ask::Remembered).stx_mode);
    } catch (const Error&) {  // looking at it anew says why
    }
  }
  exclude_path_.resize(exclude_prefix_);
  exclude_path_ += place.name;
  return rules->excludes(exclude_path_, is_directory);
}

void DirectoryWalker::add_entry(const std::shared_ptr<Directory>& directory,
                                const EntryPlace& place, std::uint8_t type, const BaseItem* base) {
  context_.queue.check();
  const EntryOutcome outcome =
      entries_.read(place, base != nullptr ? &base->item->bytes : nullptr, true);
  if (outcome.state == EntryOutcome::State::Skipped) {
    return leave_out(directory, place, type, outcome.reason, base);
  }
  if (outcome.is_directory()) {
    const LeftOut reason = reason_not_to_enter(directory, place, outcome);
    if (reason != LeftOut::None) {
      Entry entry = decode_entry(outcome.encoded);
      entry.tree = {};
      entry.left_out = reason;
      return add_left_out(directory, place, entry, base);
    }
  }
  count(place, outcome, base != nullptr);
  const BaseItem* origin = outcome.state == EntryOutcome::State::TakenOver ? base : nullptr;
  if (base != nullptr && base->item->is_directory() && !outcome.is_directory()) {
    count_removed(*base->item);
  }
  if (!outcome.is_directory() && outcome.state != EntryOutcome::State::Unstored) {
    directory->tree.add(place.name, outcome.encoded, origin);
    return;
  }
  const IdSlot slot = directory->tree.add_pending(place.name, outcome.encoded, origin);
  if (outcome.is_directory()) {
    add_directory(directory, place, outcome, base, slot);
  } else {
    store_later(directory, slot, outcome.content);
  }
}

void DirectoryWalker::store_later(const std::shared_ptr<Directory>& directory, IdSlot slot,
                                  ByteView content) {
  ChunkTask task{Bytes(content.begin(), content.end()),
                 [&root = root_, directory, slot](const ObjectId& id) {
                   complete(root, directory, slot, id);
                 }};
  if (!context_.queue.offer(task)) put_chunk(context_.sink, task);
}

void DirectoryWalker::add_directory(const std::shared_ptr<Directory>& directory,
                                    const EntryPlace& place, const EntryOutcome& outcome,
                                    const BaseItem* base, IdSlot slot) {
  DirectoryTask task;
  task.parent = directory;
  task.name = place.name;
  task.slot = slot;
  if (base != nullptr) task.base = base->item->tree();
  task.disk_may_be_away = disk_may_be_away(*directory, outcome, base);
  subdirectories_.push_back(std::move(task));
}

bool DirectoryWalker::disk_may_be_away(const Directory& directory, const EntryOutcome& outcome,
                                       const BaseItem* base) const {
  const BackupOptions& options = context_.options;
  return base != nullptr && !options.allow_empty && !context_.one_filesystem &&
         !outcome.mount_point && outcome.device == directory.device &&
         was_mount_point(base->item->bytes);
}

// In reverse, so that the first is taken first.
void DirectoryWalker::push_subdirectories(const std::shared_ptr<Directory>& directory,
                                          const OpenDirectory& opened) {
  if (subdirectories_.empty()) return;
  context_.directories.keep(directory, opened);
  std::reverse(subdirectories_.begin(), subdirectories_.end());
  context_.queue.push(subdirectories_);
}

void DirectoryWalker::count(const EntryPlace& place, const EntryOutcome& outcome, bool in_base) {
  BackupStats& stats = totals_.stats;
  totals_.users.add(outcome.uid);
  totals_.groups.add(outcome.gid);
  add_acl_ids_of_entry(outcome.encoded, totals_.users, totals_.groups);
  if (!outcome.notice.empty()) context_.report(place.path(), outcome.notice);
  if (!outcome.problem.empty()) {
    ++stats.files_failed;
    context_.report(place.path(), outcome.problem);
  }
  if (outcome.is_directory()) {
    ++stats.directories;
    return;
  }
  ++stats.files;
  stats.bytes += outcome.size;
  shown_ += std::min(outcome.shown, outcome.size);
  if (outcome.reread) ++stats.files_reread;
  if (outcome.same) {
    ++stats.files_unchanged;
  } else if (in_base) {
    ++stats.files_changed;
  } else {
    ++stats.files_new;
  }
}

// Once for each directory: counters that all workers write to are slow.
void DirectoryWalker::show_progress(const BackupStats& before) {
  Progress* progress = context_.options.progress;
  const std::uint64_t shown = std::exchange(shown_, 0);
  if (progress == nullptr) return;
  const BackupStats& now = totals_.stats;
  progress->files.fetch_add(now.files - before.files, std::memory_order_relaxed);
  progress->bytes.fetch_add(now.bytes - before.bytes - shown, std::memory_order_relaxed);
}

// What is gone with a directory counts, too. A base that cannot be read is no reason to
// fail; then the count is too low.
void DirectoryWalker::count_removed(const TreeNode::Item& item) {
  if ((item.fixed().flags & kEntryLeftOut) != 0) return;
  if (!item.is_directory()) {
    ++totals_.stats.files_removed;
    return;
  }
  std::vector<ObjectId> trees;
  if (const auto tree = item.tree()) trees.push_back(*tree);
  while (!trees.empty()) {
    const ObjectId tree = trees.back();
    trees.pop_back();
    for (BaseCursor cursor(context_.source, tree); !cursor.at_end(); cursor.advance()) {
      if (const auto below = cursor->item->tree()) {
        trees.push_back(*below);
      } else if ((cursor->item->fixed().flags & kEntryLeftOut) == 0) {
        ++totals_.stats.files_removed;
      }
    }
  }
}

void DirectoryWalker::fail(const std::string& path, std::string_view name, const Error& error) {
  ++totals_.stats.files_failed;
  context_.report(path, name, error);
}

}  // namespace snapferry::tree
