#include "tree/restore/restore_session.h"

#include <utility>

#include <fcntl.h>
#include <sys/random.h>

#include "tree/restore/restore_directory.h"
#include "tree/restore/target.h"

namespace snapferry::tree {
namespace {

std::uint64_t random_number() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    throw Error(ErrorKind::Unavailable, "restore: the system gives no random numbers");
  }
  return number;
}

platform::Fd open_same_file(int directory, const std::string& name,
                            const LinkRecords::Place& place) {
  platform::Fd opened = open_file_at(directory, name);
  const struct statx stat = stat_open(opened.get(), name);
  if (device_of(stat) != place.device || stat.stx_ino != place.inode) {
    throw Error(ErrorKind::Conflict,
                name + ": was replaced by someone else meanwhile; restore it again");
  }
  return opened;
}

}  // namespace

RestoreSession::RestoreSession(const Snapshot& restored, ObjectSource& objects,
                               const RestoreOptions& chosen, RestoreObserver* observer)
    : snapshot(restored.id),
      source(objects),
      reader(objects),
      options(chosen),
      owners(restored.users, restored.groups, chosen.numeric_owner),
      metadata(owners),
      extras(restored, chosen),
      observer_(observer),
      run_(random_number()) {}

void RestoreSession::act(RestoreAction action, const RestoreDirectory& directory,
                         std::string_view name, const Entry* entry) {
  act(action, directory.path_of(name), entry);
}

void RestoreSession::act(RestoreAction action, std::string_view path, const Entry* entry) {
  switch (action) {
    case RestoreAction::Create:
      ++created_;
      break;
    case RestoreAction::Replace:
      ++replaced_;
      break;
    case RestoreAction::UpdateMetadata:
    case RestoreAction::Keep:
      ++unchanged_;
      break;
    case RestoreAction::Delete:
      ++deleted_;
      break;
    case RestoreAction::Protect:
      ++protected_;
      entry = nullptr;
      break;
  }
  if (entry != nullptr) {
    ++(entry->type == EntryType::Directory ? directories_ : files_);
    if (options.progress != nullptr && entry->type != EntryType::Directory) {
      ++options.progress->files;
    }
    // Of directories those tell it that get what the snapshot says of them.
    const bool stays = action == RestoreAction::Keep && options.overwrite == Overwrite::Never;
    if (entry->type != EntryType::Directory && !stays) {
      tell_if_unsettled(std::string(path), *entry);
    }
  }
  if (observer_ != nullptr) observer_->on_action(action, path, entry);
}

void RestoreSession::tell_if_unsettled(const std::string& path, const Entry& entry) {
  if (!entry.unsettled) return;
  ++unsettled_;
  limitations.add(
      "not as it was: it kept changing while it was saved, ended too early, or had attributes that "
      "could not be read; look for it in other snapshots with 'snapferry find'",
      path);
}

void RestoreSession::fail(const RestoreDirectory& directory, std::string_view name,
                          const Error& error) {
  fail(directory.path_of(name), name, error);
}

void RestoreSession::fail(const std::string& path, std::string_view name, const Error& error) {
  if (ends_restore(error)) throw error;
  ++failed_;
  tell(path, name, error);
}

void RestoreSession::lost(const RestoreDirectory& directory, std::string_view name,
                          const Losses& losses) {
  for (const std::string& note : losses.notes()) limitations.add(note);
  if (!losses.empty()) lost(directory.path_of(name), name, losses);
}

void RestoreSession::lost(const std::string& path, std::string_view name, const Losses& losses) {
  ++incomplete_;
  for (const std::string& reason : losses.reasons()) limitations.add(reason, path);
  for (const Error& error : losses.errors()) tell(path, name, error);
}

void RestoreSession::tell(const std::string& path, std::string_view name, const Error& error) {
  if (options.problems == nullptr) return;
  // The path says it already.
  std::string_view message = error.message();
  if (!name.empty() && message.starts_with(std::string(name) + ": ")) {
    message.remove_prefix(name.size() + 2);
  }
  options.problems->problem(path, message);
}

void RestoreSession::left_out(const RestoreDirectory& directory, const Entry& entry) {
  const std::string path = directory.path_of(entry.name);
  if (entry.left_out == LeftOut::Unreadable) {
    return fail(
        path, entry.name,
        Error(ErrorKind::NotFound,
              "could not be read when the snapshot was taken; look for it in an earlier one "
              "with 'snapferry find'"));
  }
  const std::lock_guard lock(left_out_mutex_);
  left_out_.add(entry.left_out, path);
}

bool RestoreSession::passes_over(const RestoreDirectory& directory, const Entry& entry) {
  if (options.excludes.empty()) return false;
  const bool is_directory = entry.type == EntryType::Directory;
  if (!options.excludes.excludes(directory.path_of(entry.name), is_directory)) return false;
  ++passed_over_;
  return true;
}

void RestoreSession::add_progress(std::uint64_t bytes) {
  if (options.progress != nullptr) options.progress->bytes += bytes;
}

void RestoreSession::seal_later(const LinkRecords::Place& place, const Entry& entry) {
  Entry sealed;
  sealed.attributes = entry.attributes;
  const std::lock_guard lock(sealed_mutex_);
  sealed_.push_back({place, std::move(sealed)});
}

void RestoreSession::seal_all(const platform::Fd& target) {
  for (const Sealed& file : sealed_) {
    try {
      seal(target, file);
    } catch (const Error& error) {
      ++failed_;
      if (options.problems != nullptr) options.problems->problem(file.place.path, error.message());
    }
  }
}

void RestoreSession::seal(const platform::Fd& target, const Sealed& file) {
  platform::Fd above(::fcntl(target.get(), F_DUPFD_CLOEXEC, 0));
  std::string_view path = file.place.path;
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
    above = open_directory_at(above.get(), std::string(path.substr(0, slash)), Access::AsItIs);
    path.remove_prefix(slash + 1);
  }
  const platform::Fd opened = open_same_file(above.get(), std::string(path), file.place);
  Losses losses;
  attributes.seal(opened.get(), file.entry, losses);
  if (!losses.empty()) lost(file.place.path, "", losses);
}

void RestoreSession::check_cancelled() const {
  if (options.cancellation != nullptr) options.cancellation->check();
}

std::string RestoreSession::temporary_name() { return tree::temporary_name(run_, ++temporaries_); }

RestoreStats RestoreSession::stats() {
  RestoreStats stats;
  stats.files = files_;
  stats.directories = directories_;
  stats.bytes = bytes_;
  stats.created = created_;
  stats.replaced = replaced_;
  stats.unchanged = unchanged_;
  stats.deleted = deleted_;
  stats.protected_paths = protected_;
  stats.passed_over = passed_over_;
  stats.left_out = left_out_;
  stats.deletions = std::move(deletions);
  stats.failed = failed_;
  stats.incomplete = incomplete_;
  stats.unsettled = unsettled_;
  stats.limitations = limitations.take();
  return stats;
}

bool ends_restore(const Error& error) {
  return error.kind() == ErrorKind::NoSpace || error.kind() == ErrorKind::Cancelled ||
         error.kind() == ErrorKind::Internal;
}

}  // namespace snapferry::tree
