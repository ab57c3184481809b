#include "tree/restore/link_restore.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "tree/restore/placement.h"
#include "tree/restore/restore_entry.h"
#include "tree/restore/restore_session.h"
#include "tree/restore/target.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

// The directory of `place`, part by part without following anything.
Fd open_directory_of(RestoreSession& session, const LinkRecords::Place& place) {
  const DirectoryHandle root = session.root->handle();
  Fd at(::fcntl(root->get(), F_DUPFD_CLOEXEC, 0));
  if (!at.valid()) throw system_error(errno, "open", place.path);
  std::size_t position = 0;
  for (std::size_t slash = place.path.find('/'); slash != std::string::npos;
       slash = place.path.find('/', position)) {
    at = open_directory_at(at.get(), place.path.substr(position, slash - position), Access::AsItIs);
    position = slash + 1;
  }
  return at;
}

bool is_at(const LinkRecords::Place& place, int directory, const std::string& name) {
  const std::optional<struct statx> stat = stat_at(directory, name);
  return stat && device_of(*stat) == place.device && stat->stx_ino == place.inode;
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
    if (existing) directory.require_listed(entry.name);
  }
  const bool linked = existing && device_of(existing->stat) == place.device &&
                      existing->stat.stx_ino == place.inode;
  if (linked || (existing && options.overwrite == Overwrite::Never)) {
    session.act(RestoreAction::Keep, directory, entry.name, &entry);
    return true;
  }
  if (!options.dry_run) {
    const Fd from = open_directory_of(session, place);
    const std::string name = place.path.substr(place.path.rfind('/') + 1);
    if (!is_at(place, from.get(), name)) return false;
    // Only a name can be linked by everybody, and it may be exchanged at any time: what came of it
    // is looked at before it gets its final name, where somebody else could see it.
    Placement placement(here->get(), entry.name,
                        directory.is_new() ? "" : session.temporary_name());
    if (::linkat(from.get(), name.c_str(), placement.directory(), placement.name().c_str(), 0) !=
        0) {
      if (!cannot_link(errno)) throw system_error(errno, "link", entry.name);
      Losses losses;
      losses.add(
          "hard links were restored as files of their own: the filesystem of the target refused "
          "them");
      session.lost(directory, entry.name, losses);
      return false;
    }
    placement.created();
    if (!is_at(place, placement.directory(), placement.name())) {
      throw Error(ErrorKind::Conflict,
                  entry.name + ": was replaced by someone else meanwhile; restore it again");
    }
    clear_directory(session, directory, here, entry, existing);
    placement.commit(existing ? Placement::Expects::Something : Placement::Expects::Nothing);
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
