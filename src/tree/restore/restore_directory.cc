#include "tree/restore/restore_directory.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "platform/descriptor_limit.h"
#include "tree/directory_kinds.h"
#include "tree/mount_point.h"
#include "tree/restore/placement.h"
#include "tree/restore/restore_entry.h"
#include "tree/restore/restore_session.h"
#include "tree/restore/target.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

constexpr std::size_t kEntriesAtOnce = 32;
// Deeper directories are opened when they are worked on. The store, files and the workers need
// descriptors, too.
constexpr std::size_t kMaxOpenDirectories = 256;

int max_open_directories() {
  return static_cast<int>(std::min(kMaxOpenDirectories, platform::descriptor_limit() / 8));
}

constexpr const char* kDefaultAclName = "system.posix_acl_default";

// A directory that was not entered, but of which it is known what it was: a place where something
// was mounted. It is made, so that it can be mounted there again.
bool is_place_of_mount(const Entry& entry) {
  return entry.type == EntryType::Directory && !entry.name_only &&
         (entry.left_out == LeftOut::OtherFilesystem || entry.left_out == LeftOut::NestedVolume ||
          entry.left_out == LeftOut::KernelFilesystem || entry.left_out == LeftOut::OwnMount);
}

bool has_default_acl(int fd) { return ::fgetxattr(fd, kDefaultAclName, nullptr, 0) > 0; }

}  // namespace

RestoreDirectory::RestoreDirectory(RestoreSession& session, RestoreDirectory* parent, Entry entry,
                                   const RestorePlan* plan)
    : session_(session), parent_(parent), entry_(std::move(entry)), plan_(plan) {}

RestoreDirectory::~RestoreDirectory() {
  if (counted_) --session_.open_directories;
}

RestoreDirectory& RestoreDirectory::open_target(RestoreSession& session, const RestorePlan& plan,
                                                const std::string& target) {
  std::unique_ptr<RestoreDirectory, void (*)(RestoreDirectory*)> root(
      new RestoreDirectory(session, nullptr, plan.entry, plan.whole ? nullptr : &plan),
      [](RestoreDirectory* directory) { delete directory; });
  const RestoreOptions& options = session.options;
  Fd opened =
      options.dry_run ? open_existing_target(target) : tree::open_target(target, root->created_);
  root->exists_ = opened.valid() && !root->created_;
  bool made_before = false;
  if (opened.valid()) {
    const struct statx stat = stat_open(opened.get(), target);
    root->device_ = device_of(stat);
    root->inode_ = stat.stx_ino;
    if (!options.dry_run) session.sync.add(root->device_, opened.get());
    made_before = root->mark_unfinished(opened.get());
    root->set_handle(std::make_shared<Fd>(std::move(opened)));
    if (root->created_) root->look_at_new(has_default_acl(root->open_->get()));
    if (root->exists_ && !options.dry_run) root->make_usable(stat);
    if (root->exists_) root->listed_.emplace(list_names(root->open_->get()));
  }
  // A directory of the user's is not changed for the sake of some files in it.
  root->apply_metadata_ =
      root->created_ || made_before || (plan.whole && options.overwrite != Overwrite::Never);
  root->extras_left_ = root->exists_;
  session.act(root->exists_ ? RestoreAction::Keep : RestoreAction::Create, *root, "",
              &root->entry_);
  if (root->apply_metadata_) session.tell_if_unsettled("", root->entry_);
  return *root.release();
}

bool RestoreDirectory::mark_unfinished(int fd) {
  using State = UnfinishedRestore::State;
  const auto before = find_unfinished(fd);
  if (before && before->state == State::Unsynced) {
    session_.unsynced = before;
    return false;
  }
  RestoredPart part = part_of(session_.options);
  if (before && before->goes_on_with(session_.snapshot, part)) {
    session_.resumes = marked_ = true;
    return before->made_target;
  }
  if (session_.options.dry_run) return false;
  // Another is over where somebody chose to overwrite it.
  if (before) unmark(fd);
  if (created_ || list_names(fd).empty()) {
    marked_ = tree::mark_unfinished(
        fd, {State::Interrupted, session_.snapshot, std::move(part), created_});
  }
  return false;
}

void RestoreDirectory::advance() {
  DirectoryHandle here;
  try {
    session_.check_cancelled();
    here = handle();
    if (std::exchange(extras_left_, false)) remove_extras(here);
    std::vector<Entry> files;
    std::optional<Child> child;
    if (take_entries(files, child)) {
      hold();
      session_.queue.push(*this);
    }
    for (Entry& entry : files) {
      session_.check_cancelled();
      restore_entry(session_, *this, here, std::move(entry));
    }
    if (child) enter(std::move(*child), here);
  } catch (const Error& error) {
    if (ends_restore(error)) {
      session_.stopping = true;
      release(std::move(here));
      throw;
    }
    session_.fail(*this, "", error);
  } catch (...) {
    session_.stopping = true;
    release(std::move(here));
    throw;
  }
  release(std::move(here));
}

void RestoreDirectory::abandon() noexcept {
  session_.stopping = true;
  release(nullptr);
}

// --- Entries ---

// The next few files, and the directory behind them if there is one. True if there may
// be more.
bool RestoreDirectory::take_entries(std::vector<Entry>& files, std::optional<Child>& child) {
  try {
    while (!child && files.size() < kEntriesAtOnce) {
      if (!(plan_ != nullptr ? take_planned(files, child) : take_entry(files, child))) return false;
    }
    return has_more();
  } catch (const Error& error) {
    // A damaged node: what is behind it cannot be found.
    session_.fail(*this, "", error);
    return false;
  }
}

bool RestoreDirectory::take_planned(std::vector<Entry>& files, std::optional<Child>& child) {
  if (planned_ == plan_->children.size()) return false;
  const RestorePlan& next = plan_->children[planned_++];
  make_way_for(next.entry.name);
  if (next.entry.type == EntryType::Directory) {
    child = Child{next.entry, next.whole ? nullptr : &next};
  } else {
    files.push_back(next.entry);
  }
  return true;
}

bool RestoreDirectory::take_entry(std::vector<Entry>& files, std::optional<Child>& child) {
  if (!entry_.has_tree()) return false;
  if (!cursor_) cursor_.emplace(session_.source, entry_.tree);
  if (!cursor_->find_entry()) return false;
  const TreeNode::Item item = cursor_->item();
  make_way_for(item.name);
  try {
    Entry entry = decode_entry(item.bytes);
    const bool passed_over = session_.passes_over(*this, entry);
    const bool left_out = entry.left_out != LeftOut::None;
    if (left_out && !passed_over) session_.left_out(*this, entry);
    if (passed_over || (left_out && !is_place_of_mount(entry))) {
      // There is nothing to restore.
    } else if (entry.type == EntryType::Directory) {
      child = Child{std::move(entry), nullptr};
    } else {
      files.push_back(std::move(entry));
    }
  } catch (const Error& error) {
    session_.fail(*this, item.name, error);
  }
  cursor_->next();
  return true;
}

// A file of that name goes before the mark.
void RestoreDirectory::make_way_for(std::string_view name) {
  if (parent_ != nullptr || !is_mark_name(name)) return;
  session_.holds_mark_name = true;
  if (!std::exchange(marked_, false)) return;
  if (const DirectoryHandle here = handle()) unmark(here->get());
}

// Asked so that a chain of directories keeps none of them waiting.
bool RestoreDirectory::has_more() {
  if (plan_ != nullptr) return planned_ < plan_->children.size();
  return cursor_->find_entry();
}

void RestoreDirectory::enter(Child child, const DirectoryHandle& here) {
  auto* next = new RestoreDirectory(session_, this, std::move(child.entry), child.plan);
  try {
    if (!next->prepare(here)) {
      delete next;
      return;
    }
  } catch (const Error& error) {
    const std::string name = next->entry_.name;
    delete next;
    session_.fail(*this, name, error);
    return;
  }
  hold();
  session_.queue.push(*next);
}

// --- Being made or opened ---

bool RestoreDirectory::prepare(const DirectoryHandle& above) {
  const bool dry_run = session_.options.dry_run;
  std::optional<struct statx> existing;
  if (above && !parent_->created_) existing = stat_at(above->get(), entry_.name);
  if (existing && entry_.left_out != LeftOut::None) {
    session_.act(RestoreAction::Protect, *parent_, entry_.name, nullptr);
    return false;
  }
  if (existing) parent_->require_listed(entry_.name);
  if (existing && is_directory(*existing)) {
    open_existing(above, *existing);
    return true;
  }
  if (existing && !clear_way(above)) {
    session_.act(RestoreAction::Keep, *parent_, entry_.name, &entry_);
    return false;
  }
  if (!dry_run) create(above);
  session_.tell_if_unsettled(parent_->path_of(entry_.name), entry_);
  session_.act(existing ? RestoreAction::Replace : RestoreAction::Create, *parent_, entry_.name,
               &entry_);
  return true;
}

bool RestoreDirectory::clear_way(const DirectoryHandle& above) {
  if (session_.options.overwrite == Overwrite::Never) return false;
  if (!session_.options.dry_run) unlink_at(above->get(), entry_.name);
  return true;
}

void RestoreDirectory::create(const DirectoryHandle& above) {
  if (!create_directory_at(above->get(), entry_.name)) throw name_is_taken(entry_.name);
  Fd opened = open_directory_at(above->get(), entry_.name, Access::MakeAccessible);
  created_ = true;
  set_handle(std::make_shared<Fd>(std::move(opened)));
  look_at_new(parent_->traits_.inherits_acl);
  session_.attributes.prepare(open_->get(), entry_, losses_);
}

// Takes away what the directory got from the one above, and finds out what files in it
// will get.
void RestoreDirectory::look_at_new(bool inherits_acl) {
  const int fd = open_->get();
  struct statx stat = stat_open(fd, entry_.name);
  device_ = device_of(stat);
  inode_ = stat.stx_ino;
  if (inherits_acl) {
    ::fremovexattr(fd, kDefaultAclName);
    ::fremovexattr(fd, "system.posix_acl_access");
  }
  if ((stat.stx_mode & 07777) != 0700 || inherits_acl) {
    if (::fchmod(fd, 0700) != 0) throw system_error(errno, "set the mode", entry_.name);
    stat = stat_open(fd, entry_.name);
  }
  traits_.inherits_acl = inherits_acl && has_default_acl(fd);
  traits_.exact_mode = (stat.stx_mode & 07777) == 0700 && stat.stx_uid == ::geteuid();
  traits_.own = traits_.exact_mode && stat.stx_gid == ::getegid();
}

void RestoreDirectory::open_existing(const DirectoryHandle& above, const struct statx& existing) {
  const RestoreOptions& options = session_.options;
  if (is_untouchable(options, existing)) {
    throw Error(ErrorKind::Conflict,
                entry_.name +
                    ": is the store that this is restored from, or the cache; restore to another "
                    "directory");
  }
  exists_ = true;
  // One that is only on the way to what was chosen is the user's.
  apply_metadata_ = session_.resumes || (plan_ == nullptr && options.overwrite != Overwrite::Never);
  extras_left_ = true;
  const bool differs = apply_metadata_ && (session_.metadata.differs(above->get(), entry_.name,
                                                                     existing, entry_, losses_) ||
                                           AttributeWriter::differs(existing, entry_));
  if (AttributeWriter::is_sealed(existing)) {
    if (differs) {
      throw Error(ErrorKind::PermissionDenied,
                  entry_.name +
                      ": is immutable or append-only; allow changes with chattr -i -a and "
                      "restore it again");
    }
    apply_metadata_ = false;  // nothing below can change, so it has what it should have
  }
  Fd opened = open_directory_at(above->get(), entry_.name,
                                options.dry_run ? Access::AsItIs : Access::MakeAccessible);
  const struct statx stat = stat_open(opened.get(), entry_.name);
  device_ = device_of(stat);
  inode_ = stat.stx_ino;
  beyond_mount_ = parent_->beyond_mount_ || is_mount_point(stat) || device_ != parent_->device_;
  set_handle(std::make_shared<Fd>(std::move(opened)));
  listed_.emplace(list_names(open_->get()));
  if (!options.dry_run) {
    session_.sync.add(device_, open_->get());
    make_usable(existing);
  }
  if (apply_metadata_) session_.tell_if_unsettled(parent_->path_of(entry_.name), entry_);
  session_.act(differs ? RestoreAction::UpdateMetadata : RestoreAction::Keep, *parent_, entry_.name,
               &entry_);
}

// Someone who is not root cannot write into his own read-only directories.
void RestoreDirectory::make_usable(const struct statx& existing) {
  const int fd = open_->get();
  traits_ = {};
  traits_.inherits_acl = has_default_acl(fd);
  if (::geteuid() == 0 || existing.stx_uid != ::geteuid()) return;
  const unsigned mode = existing.stx_mode & 07777;
  if ((mode & 0700) == 0700) return;
  if (::fchmod(fd, mode | 0700) != 0) throw system_error(errno, "set the mode", entry_.name);
  mode_to_put_back_ = mode;
}

// --- Descriptors ---

void RestoreDirectory::set_handle(DirectoryHandle handle) {
  last_open_ = handle;
  open_ = std::move(handle);
  counted_ = ++session_.open_directories <= max_open_directories();
  if (!counted_) --session_.open_directories;
}

DirectoryHandle RestoreDirectory::handle() {
  std::vector<RestoreDirectory*> closed;
  DirectoryHandle handle;
  for (RestoreDirectory* at = this; at != nullptr && !handle; at = at->parent_) {
    const std::lock_guard lock(at->mutex_);
    handle = at->open_ ? at->open_ : at->last_open_.lock();
    // One too many to keep: it stays open while someone uses it.
    if (at == this && !counted_) open_.reset();
    if (!handle) closed.push_back(at);
  }
  if (!handle) return nullptr;
  for (auto next = closed.rbegin(); next != closed.rend(); ++next) {
    RestoreDirectory& at = **next;
    if (at.inode_ == 0) return nullptr;  // a dry run, and it is not there
    Fd opened = open_directory_at(handle->get(), at.entry_.name, Access::AsItIs);
    const struct statx stat = stat_open(opened.get(), at.entry_.name);
    if (device_of(stat) != at.device_ || stat.stx_ino != at.inode_) {
      throw Error(ErrorKind::Conflict,
                  at.entry_.name + ": was replaced by someone else meanwhile; restore it again");
    }
    handle = std::make_shared<Fd>(std::move(opened));
    const std::lock_guard lock(at.mutex_);
    at.last_open_ = handle;
  }
  return handle;
}

// Up from a child that is done, which is cheaper than down from the top in a deep tree.
DirectoryHandle RestoreDirectory::handle_from_child(const DirectoryHandle& child) {
  {
    const std::lock_guard lock(mutex_);
    if (open_) return open_;
    if (DirectoryHandle handle = last_open_.lock()) return handle;
    if (!child) return nullptr;
  }
  auto handle = std::make_shared<const Fd>(open_parent(child->get(), device_, inode_));
  const std::lock_guard lock(mutex_);
  last_open_ = handle;
  open_ = handle;  // until the next step
  return handle;
}

// --- The end ---

void RestoreDirectory::release(DirectoryHandle handle) noexcept {
  RestoreDirectory* at = this;
  while (at != nullptr && --at->holds_ == 0) {
    RestoreDirectory* const above = at->parent_;
    DirectoryHandle next;
    if (!at->session_.stopping) {
      try {
        if (!handle) handle = at->handle();
        at->finish(handle);
        if (above != nullptr) next = above->handle_from_child(handle);
      } catch (const Error& error) {
        try {
          at->session_.fail(*at, "", error);
        } catch (const Error&) {
          at->session_.stopping = true;
          at->session_.queue.stop(std::current_exception());
        }
      }
    }
    delete at;
    at = above;
    handle = std::move(next);
  }
}

void RestoreDirectory::finish(const DirectoryHandle& handle) {
  finish_metadata(handle);
  session_.lost(*this, "", losses_);
}

void RestoreDirectory::finish_metadata(const DirectoryHandle& handle) {
  if (session_.options.dry_run || !handle) return;
  if (marked_) unmark(handle->get());
  if (apply_metadata_) {
    session_.metadata.apply(platform::MetadataFile::opened(handle->get()), entry_, losses_);
    if (exists_) session_.attributes.prepare(handle->get(), entry_, losses_);
    session_.attributes.seal(handle->get(), entry_, losses_);
  } else if (mode_to_put_back_) {
    ::fchmod(handle->get(), *mode_to_put_back_);
  }
}

// --- What is not in the snapshot ---

void RestoreDirectory::remove_extras(const DirectoryHandle& here) {
  for (const std::string& name : find_extras(here)) {
    try {
      if (is_temporary_name(name)) {
        remove_temporary(here, name);
      } else {
        session_.extras.found(session_, *this, here->get(), name);
      }
    } catch (const Error& error) {
      session_.fail(*this, name, error);
    }
  }
}

// What a restore that was interrupted left behind.
void RestoreDirectory::remove_temporary(const DirectoryHandle& here, const std::string& name) {
  Removal removal;
  removal.dry_run = session_.options.dry_run;
  removal.removed = [&](std::string_view path, const struct statx&) {
    session_.act(RestoreAction::Delete, *this, path, nullptr);
  };
  remove_tree(here->get(), name, removal);
}

std::vector<std::string> RestoreDirectory::find_extras(const DirectoryHandle& here) {
  std::vector<std::string> names = list_names(here->get());
  if (marked_ || (parent_ == nullptr && session_.unsynced)) std::erase_if(names, is_mark_name);
  if (!may_delete(here, names)) {
    std::erase_if(names, [](const std::string& name) { return !is_temporary_name(name); });
  }
  if (names.empty() || entry_.tree == ObjectId{}) return names;
  std::vector<std::string> extras;
  auto name = names.begin();
  try {
    session_.reader.for_each_encoded(entry_.tree, [&](ByteView, std::string_view wanted) {
      for (; name != names.end() && *name < wanted; ++name) extras.push_back(std::move(*name));
      if (name != names.end() && *name == wanted) ++name;
      return name != names.end();
    });
  } catch (const Error& error) {
    // Damaged: nobody knows what belongs here. Reported when its entries are read.
    if (ends_restore(error)) throw;
    return {};
  }
  std::move(name, names.end(), std::back_inserter(extras));
  return extras;
}

// Of what is not in the snapshot.
bool RestoreDirectory::may_delete(const DirectoryHandle& here,
                                  const std::vector<std::string>& names) {
  if (plan_ != nullptr || !session_.options.delete_extra || names.empty()) return false;
  if (beyond_mount_) {
    session_.limitations.add("nothing is deleted below mount points; restore their paths apart");
    return false;
  }
  if (was_cache(here)) return false;
  if (!cursor_) cursor_.emplace(session_.source, entry_.tree);
  return !session_.extras.may_be_left_out(here->get(), !cursor_->find_entry(), names);
}

// Whether all but its tag was left out as a cache, and what came since would have been, too. Of one
// that had nothing but a tag nobody knows.
bool RestoreDirectory::was_cache(const DirectoryHandle& here) const {
  if (entry_.tree == ObjectId{}) return false;
  bool has_tag = false;
  bool has_left_out = false;
  bool has_other = false;
  session_.reader.for_each_encoded(entry_.tree, [&](ByteView encoded, std::string_view name) {
    if (name == kCacheTag) {
      has_tag = true;
    } else if (decode_entry(encoded).left_out == LeftOut::Cache) {
      has_left_out = true;
    } else {
      has_other = true;
    }
    return !has_other;
  });
  return has_tag && !has_other && (has_left_out || has_cache_tag(here->get()));
}

std::string RestoreDirectory::path_of(std::string_view name) const {
  std::vector<const RestoreDirectory*> parts;
  for (const RestoreDirectory* at = this; at->parent_ != nullptr; at = at->parent_) {
    parts.push_back(at);
  }
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!path.empty()) path += '/';
    path += (*part)->entry_.name;
  }
  if (!path.empty() && !name.empty()) path += '/';
  path += name;
  return path;
}

}  // namespace snapferry::tree
