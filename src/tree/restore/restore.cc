#include "tree/restore/restore.h"

#include <algorithm>
#include <optional>

#include "platform/workers.h"
#include "tree/mount_point.h"
#include "tree/restore/restore_directory.h"
#include "tree/restore/restore_plan.h"
#include "tree/restore/restore_session.h"
#include "tree/restore/target.h"
#include "tree/restore/unfinished_restore.h"

namespace snapferry::tree {
namespace {

void announce(const Snapshot& snapshot, const RestoreOptions& options) {
  if (options.progress == nullptr) return;
  options.progress->begin("restoring");
  if (!options.paths.empty() || !options.excludes.empty()) return;
  options.progress->files_total = snapshot.stats.files;
  options.progress->bytes_total = snapshot.stats.bytes;
}

// Whoever mistypes the target there loses a machine, or a disk.
void check_deletion_target(const std::string& target, const RestoreOptions& options) {
  const platform::Fd opened = open_existing_target(target);
  if (!opened.valid()) return;
  const struct statx stat = stat_open(opened.get(), target);
  const platform::Fd root = open_existing_target("/");
  const struct statx system = stat_open(root.get(), "/");
  if (device_of(stat) == device_of(system) && stat.stx_ino == system.stx_ino) {
    if (options.delete_in_root) return;
    throw Error(ErrorKind::InvalidArgument,
                target +
                    ": is the root of the system, and deleting there removes whatever the "
                    "snapshot lacks; allow it with --delete-in-root");
  }
  if (is_mount_point(stat) && !options.delete_in_mount_point) {
    throw Error(ErrorKind::InvalidArgument,
                target +
                    ": is a mount point, and deleting there removes whatever the snapshot "
                    "lacks; allow it with --delete-in-mount-point");
  }
}

void make_durable(RestoreSession& session, int target) {
  const RestoredPart part = part_of(session.options);
  const bool marks = !session.holds_mark_name;
  if (const std::optional<Error> failure = session.sync.sync()) {
    if (marks) mark_unsynced(target, session.snapshot, part);
    session.fail("", "", *failure);
  } else if (marks && session.unsynced && session.unsynced->is_covered_by(part) &&
             session.options.overwrite != Overwrite::Never && !session.has_failures()) {
    unmark(target);
  }
}

}  // namespace

RestoreStats restore(const Snapshot& snapshot, const std::string& target, ObjectSource& source,
                     const RestoreOptions& options, RestoreObserver* observer) {
  RestoreSession session(snapshot, source, options, observer);
  const RestorePlan plan = plan_restore(snapshot, options.paths, session.reader);
  if (options.delete_extra) check_deletion_target(target, options);
  announce(snapshot, options);
  RestoreDirectory& root = RestoreDirectory::open_target(session, plan, target);
  session.root = &root;
  // Other than the directory itself, which goes when it is done.
  const DirectoryHandle opened = root.handle();
  session.queue.push(root);
  try {
    session.queue.run(options.threads != 0 ? options.threads : platform::processor_count());
  } catch (...) {
    for (LinkRecords::Waiting& left : session.links.abandon()) left.directory->release(nullptr);
    throw;
  }
  if (opened && options.delete_extra && !options.dry_run) {
    session.extras.remove_all(session, opened->get());
  }
  if (opened) session.seal_all(*opened);
  if (opened && !options.dry_run) make_durable(session, opened->get());
  return session.stats();
}

}  // namespace snapferry::tree
