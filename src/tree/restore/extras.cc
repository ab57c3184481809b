#include "tree/restore/extras.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/directory_listing.h"
#include "tree/directory_kinds.h"
#include "tree/restore/restore_directory.h"
#include "tree/restore/restore_session.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

std::string joined(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : std::string(directory) + "/" + std::string(name);
}

// Opens `path` below `target`, one part after the other, following no symlink.
Fd open_below(int target, const std::string& path) {
  Fd opened(::fcntl(target, F_DUPFD_CLOEXEC, 0));
  if (!opened.valid()) throw system_error(errno, "open", path);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    opened = open_directory_at(opened.get(), path.substr(begin, end - begin), Access::AsItIs);
    begin = end + 1;
  }
  return opened;
}

constexpr const char* kStays =
    ": belongs to Snapferry (a store, its snapshots or the cache) and was not deleted";

// Whether the directory `name` is a store, or what the caller may not touch.
bool is_ours(const RestoreOptions& options, int above, const std::string& name,
             const struct statx& stat) {
  if (is_untouchable(options, stat)) return true;
  const Fd opened(::openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) return false;
  if (!stat_at(opened.get(), "config") && !stat_at(opened.get(), ".snapferry-store")) return false;
  platform::DirectoryListing listing;
  listing.read(opened.get(), name);
  return is_own_store(opened.get(), listing);
}

// Lets names be removed from a directory that was restored already, and gives it its mode and times
// back in the end.
class Reopened {
 public:
  explicit Reopened(int fd) : fd_(fd), before_(stat_open(fd, "directory")) {
    if (::geteuid() != 0 && (before_.stx_mode & 0700) != 0700) {
      ::fchmod(fd_, (before_.stx_mode & 07777) | 0700);
    }
  }
  ~Reopened() {
    if (::geteuid() != 0 && (before_.stx_mode & 0700) != 0700) {
      ::fchmod(fd_, before_.stx_mode & 07777);
    }
    const auto time = [](const statx_timestamp& stamp) {
      return timespec{static_cast<time_t>(stamp.tv_sec), static_cast<long>(stamp.tv_nsec)};
    };
    const timespec times[2] = {time(before_.stx_atime), time(before_.stx_mtime)};
    ::futimens(fd_, times);
  }
  Reopened(const Reopened&) = delete;
  Reopened& operator=(const Reopened&) = delete;

 private:
  int fd_;
  struct statx before_;
};

}  // namespace

bool is_untouchable(const RestoreOptions& options, const struct statx& stat) {
  return std::ranges::find(options.untouchable, std::pair<std::uint64_t, std::uint64_t>(
                                                    device_of(stat), stat.stx_ino)) !=
         options.untouchable.end();
}

Extras::Extras(const Snapshot& snapshot, const RestoreOptions& options)
    : records_left_out_(snapshot.records_left_out), one_filesystem_(snapshot.one_filesystem) {
  if (!options.delete_extra) return;
  if (!records_left_out_ && snapshot.incomplete) {
    throw Error(ErrorKind::InvalidArgument,
                "snapshot " + snapshot.id.short_hex() +
                    ": is incomplete and does not record what it lacks, so nothing may be deleted "
                    "by it; restore without --delete, or take another snapshot");
  }
  std::vector<ExcludePattern> patterns;
  for (const std::string& text : snapshot.excludes) patterns.push_back({text, ""});
  excludes_ = ExcludeRules(patterns, {.roots = {snapshot.volume.path}, .home = options.home});
}

void Extras::found(RestoreSession& session, const RestoreDirectory& directory, int fd,
                   const std::string& name) {
  const std::string path = directory.path_of(name);
  if (session.options.dry_run) {
    session.deletions.add_top(path);
    remove(session, directory.path_of(""), fd, name, true);
    return;
  }
  // What appeared since the plan was shown stays.
  if (session.options.deletions != nullptr && !session.options.deletions->allows(path)) {
    return session.act(RestoreAction::Protect, path, nullptr);
  }
  const std::optional<struct statx> stat = stat_at(fd, name);
  if (!stat) return;
  const std::lock_guard lock(mutex_);
  found_.push_back({directory.path_of(""), name, device_of(*stat), stat->stx_ino});
}

void Extras::remove_all(RestoreSession& session, int target) {
  if (found_.empty()) return;
  if (session.has_failures()) {
    session.limitations.add(
        "nothing was deleted, because not everything could be restored; restore again when that "
        "is mended");
    return;
  }
  for (const Found& found : found_) {
    session.check_cancelled();
    try {
      remove_one(session, target, found);
    } catch (const Error& error) {
      session.fail(joined(found.directory, found.name), found.name, error);
    }
  }
}

void Extras::remove_one(RestoreSession& session, int target, const Found& found) {
  const Fd directory = open_below(target, found.directory);
  const std::optional<struct statx> stat = stat_at(directory.get(), found.name);
  if (!stat) return;
  if (device_of(*stat) != found.device || stat->stx_ino != found.inode) {
    throw Error(ErrorKind::Conflict,
                found.name + ": was replaced by someone else meanwhile; restore it again");
  }
  const Reopened reopened(directory.get());
  remove(session, found.directory, directory.get(), found.name, false);
}

bool Extras::remove(RestoreSession& session, const std::string& directory, int fd,
                    const std::string& name, bool dry_run) {
  Removal removal;
  removal.dry_run = dry_run;
  removal.keep = [&](std::string_view path, const struct statx& stat) {
    const std::string whole = joined(directory, path);
    return excludes_.excludes(whole, is_directory(stat)) ||
           session.options.excludes.excludes(whole, is_directory(stat));
  };
  removal.is_protected = [&](std::string_view path, int above, const std::string& entry,
                             const struct statx& stat) {
    if (!is_ours(session.options, above, entry, stat)) return false;
    session.limitations.add(joined(directory, path) + kStays);
    return true;
  };
  removal.kept = [&](std::string_view path) {
    session.act(RestoreAction::Protect, joined(directory, path), nullptr);
  };
  removal.removed = [&](std::string_view path, const struct statx& stat) {
    session.deletions.count(is_directory(stat), is_directory(stat) ? 0 : stat.stx_size);
    session.act(RestoreAction::Delete, joined(directory, path), nullptr);
  };
  return remove_tree(fd, name, removal);
}

void Extras::clear_way(RestoreSession& session, const RestoreDirectory& directory, int fd,
                       const std::string& name) {
  const std::string path = directory.path_of(name);
  const auto refuse = [&](const char* cause) {
    throw Error(ErrorKind::Conflict, name + ": a directory is in the way, and " + cause);
  };
  if (session.options.dry_run) {
    session.deletions.add_top(path);
  } else if (session.options.deletions != nullptr && !session.options.deletions->allows(path)) {
    refuse("it was not there when the plan was made; restore it again");
  }
  if (!remove(session, directory.path_of(""), fd, name, session.options.dry_run)) {
    refuse("holds what is left out, or a mount point; move it away");
  }
}

bool Extras::may_be_left_out(int fd, bool empty, const std::vector<std::string>& names) const {
  if (records_left_out_) return false;
  if (one_filesystem_ && empty) return true;
  return std::ranges::binary_search(names, kCacheTag) && has_cache_tag(fd);
}

}  // namespace snapferry::tree
