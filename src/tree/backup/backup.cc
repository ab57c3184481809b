#include "tree/backup/backup.h"

#include <limits>
#include <memory>
#include <utility>

#include <unistd.h>

#include "core/tree_node.h"
#include "platform/clock.h"
#include "platform/fd.h"
#include "platform/workers.h"
#include "tree/backup/chunk_pipeline.h"
#include "tree/backup/directory_walker.h"
#include "tree/backup/local_files.h"
#include "tree/backup/walker.h"
#include "tree/change_detection.h"

namespace snapferry::tree {
namespace {

// Runs `work` as the first of the workers while the others take what it pushes, until all
// is done and the sink has it. Rethrows what stopped any of them.
template <typename Work>
std::vector<std::unique_ptr<DirectoryWalker>> run_workers(WalkContext& context, RootEntry& root,
                                                          Work work) {
  std::vector<std::unique_ptr<DirectoryWalker>> workers;
  for (unsigned i = 0; i < context.threads; ++i) {
    workers.push_back(std::make_unique<DirectoryWalker>(context, root));
  }
  context.queue.begin();
  platform::run_workers(workers.size(), [&](std::size_t number) {
    if (number == 0) {
      try {
        work(*workers.front());
      } catch (...) {
        context.queue.stop(std::current_exception());
      }
      context.queue.done(false);
    }
    workers[number]->run();
  });
  context.queue.rethrow();
  context.sink.settle();
  return workers;
}

class NoSource : public ObjectSource {
 public:
  Bytes get(ObjectKind, const ObjectId& id) override {
    throw Error(ErrorKind::NotFound, "object " + id.short_hex() + ": is not there");
  }
};

Entry entry_for_stream() {
  Entry entry;
  entry.mode = 0600;
  entry.uid = ::geteuid();
  entry.gid = ::getegid();
  entry.mtime = platform::system_clock().now();
  entry.ctime = entry.mtime;
  return entry;
}

Content read_stream(int fd, WalkContext& context, std::uint64_t& size) {
  Bytes buffer;
  ChunkPipeline pipeline(context.queue, context.sink, buffer);
  pipeline.add(
      [&](std::uint8_t* to, std::size_t room) {
        const std::size_t got = platform::read_up_to(fd, to, room, "standard input");
        size += got;
        return got;
      },
      [&](std::size_t chunk) {
        if (context.options.progress != nullptr) context.options.progress->bytes += chunk;
      });
  return pipeline.finish();
}

}  // namespace

BackupResult backup_with_hooks(FileSource& files, const std::optional<Base>& base,
                               ObjectSource& source, ObjectSink& sink, const BackupOptions& options,
                               const WalkHooks& hooks) {
  WalkContext context(files, source, sink, options, hooks);
  std::optional<Entry> base_root;
  if (base) {
    context.racy = racy_window(base->time, base->finished);
    base_root = base->root;
  }
  RootEntry root;
  const auto workers =
      run_workers(context, root, [&](DirectoryWalker& worker) { worker.start(base_root); });
  WorkerTotals totals;
  for (const auto& worker : workers) totals.add(worker->totals());
  BackupResult result;
  result.root = decode_entry(root.encoded, true);
  result.stats = totals.stats;
  result.users = files.user_names(totals.users);
  result.groups = files.group_names(totals.groups);
  result.left_out = totals.left_out;
  return result;
}

BackupResult backup(FileSource& files, const std::optional<Base>& base, ObjectSource& source,
                    ObjectSink& sink, const BackupOptions& options) {
  return backup_with_hooks(files, base, source, sink, options, {});
}

BackupResult backup_stream(int fd, ObjectSink& sink, const BackupOptions& options) {
  LocalFiles here("standard input");  // whose owners are those of this machine
  NoSource source;
  const WalkHooks hooks;
  WalkContext context(here, source, sink, options, hooks);
  RootEntry unused;
  BackupResult result;
  Entry& entry = result.root;
  entry = entry_for_stream();
  run_workers(context, unused,
              [&](DirectoryWalker&) { entry.content = read_stream(fd, context, entry.size); });
  result.stats.files = 1;
  result.stats.files_new = 1;
  result.stats.bytes = entry.size;
  result.stats.bytes_read = entry.size;
  OwnerIds user;
  OwnerIds group;
  user.add(entry.uid);
  group.add(entry.gid);
  result.users = here.user_names(user);
  result.groups = here.group_names(group);
  return result;
}

}  // namespace snapferry::tree
