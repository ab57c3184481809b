#include "tree/link_restore.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "tree/restore_entry.h"
#include "tree/restore_session.h"
#include "tree/target.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

// Opens the file at `place`, part by part without following anything; invalid if it is
// not there any more.
Fd open_place(RestoreSession& session, const LinkRecords::Place& place) {
  DirectoryHandle at = session.root->handle();
  std::size_t position = 0;
  for (std::size_t slash = place.path.find('/'); slash != std::string::npos;
       slash = place.path.find('/', position)) {
    const std::string part = place.path.substr(position, slash - position);
    at = std::make_shared<Fd>(open_directory_at(at->get(), part, Access::AsItIs));
    position = slash + 1;
  }
  const std::string name = place.path.substr(position);
  Fd file = open_for_metadata(at->get(), name);
  const struct statx stat = stat_open(file.get(), name);
  if (device_of(stat) != place.device || stat.stx_ino != place.inode) return Fd();
  return file;
}

// The descriptor itself is linked, so it is the file that was looked at.
int link_open(const Fd& file, const Placement& placement) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return ::linkat(AT_FDCWD, path.c_str(), placement.directory(), placement.name().c_str(),
                  AT_SYMLINK_FOLLOW);
}

bool cannot_link(int error) {
  return error == EMLINK || error == EXDEV || error == EPERM || error == EOPNOTSUPP;
}

}  // namespace

bool restore_link(RestoreSession& session, RestoreDirectory& directory, const DirectoryHandle& here,
                  const Entry& entry, const LinkRecords::Place& place) {
  const RestoreOptions& options = session.options;
  std::optional<Existing> existing;
  if (here && !directory.is_new()) {
    if (const auto stat = stat_at(here->get(), entry.name)) existing = Existing{*stat, {}};
  }
  const bool linked = existing && device_of(existing->stat) == place.device &&
                      existing->stat.stx_ino == place.inode;
  if (linked || (existing && options.overwrite == Overwrite::Never)) {
    session.act(RestoreAction::Keep, directory, entry.name, &entry);
    return true;
  }
  if (!options.dry_run) {
    const Fd file = open_place(session, place);
    if (!file.valid()) return false;
    Placement placement(here->get(), entry.name, existing ? session.temporary_name() : "");
    if (link_open(file, placement) != 0) {
      if (!cannot_link(errno)) throw system_error(errno, "link", entry.name);
      session.limitations.add("some hard links were restored as files of their own: " +
                              std::string("the filesystem of the target refused them"));
      return false;
    }
    placement.created();
    clear_directory(session, directory, here, entry, existing);
    placement.commit();
  }
  session.act(existing ? RestoreAction::Replace : RestoreAction::Create, directory, entry.name,
              &entry);
  return true;
}

void continue_waiting(RestoreSession& session, std::vector<LinkRecords::Waiting> waiting) {
  std::exception_ptr failure;
  for (LinkRecords::Waiting& next : waiting) {
    DirectoryHandle here;
    if (!failure) {
      try {
        here = next.directory->handle();
        restore_entry(session, *next.directory, here, std::move(next.entry));
      } catch (...) {
        failure = std::current_exception();
        session.stopping = true;
      }
    }
    next.directory->release(std::move(here));
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace snapferry::tree
