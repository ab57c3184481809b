#include "tree/restore.h"

#include <algorithm>

#include <sched.h>

#include "tree/restore_directory.h"
#include "tree/restore_plan.h"
#include "tree/restore_session.h"

namespace snapferry::tree {
namespace {

unsigned usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

void announce(const Snapshot& snapshot, const RestoreOptions& options) {
  if (options.progress == nullptr) return;
  options.progress->begin("restoring");
  if (!options.paths.empty()) return;
  options.progress->files_total = snapshot.stats.files;
  options.progress->bytes_total = snapshot.stats.bytes;
}

}  // namespace

RestoreStats restore(const Snapshot& snapshot, const std::string& target, ObjectSource& source,
                     const RestoreOptions& options, RestoreObserver* observer) {
  RestoreSession session(snapshot, source, options, observer);
  const RestorePlan plan = plan_restore(snapshot, options.paths, session.reader);
  announce(snapshot, options);
  RestoreDirectory& root = RestoreDirectory::open_target(session, plan, target);
  session.root = &root;
  // Other than the directory itself, which goes when it is done.
  const DirectoryHandle opened = root.handle();
  session.queue.push(root);
  try {
    session.queue.run(options.threads != 0 ? options.threads : usable_processors());
  } catch (...) {
    for (LinkRecords::Waiting& left : session.links.abandon()) left.directory->release(nullptr);
    throw;
  }
  if (opened) session.seal_all(*opened);
  return session.stats();
}

}  // namespace snapferry::tree
