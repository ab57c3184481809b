#include "tree/backup/walk_context.h"

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>

#include "platform/workers.h"

namespace snapferry::tree {
namespace {

// A quarter of what the process may have; the store needs some, too.
std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 16;
  return std::clamp<std::size_t>(limit.rlim_cur / 4, 8, 256);
}

}  // namespace

template <typename Call>
auto WalkSink::ending_the_walk(const Call& call) {
  try {
    return call();
  } catch (...) {
    queue_.stop(std::current_exception());
    throw;
  }
}

std::vector<ObjectRef> WalkSink::missing(std::span<const ObjectRef> objects) {
  return ending_the_walk([&] { return sink_.missing(objects); });
}

ObjectId WalkSink::put(ObjectKind kind, ByteView bytes) {
  return ending_the_walk([&] { return sink_.put(kind, bytes); });
}

void WalkSink::settle() {
  ending_the_walk([&] { sink_.settle(); });
}

WalkContext::WalkContext(FileSource& walked, ObjectSource& base_source, ObjectSink& target,
                         const BackupOptions& backup_options, const WalkHooks& walk_hooks)
    : threads(backup_options.threads != 0 ? backup_options.threads : platform::processor_count()),
      files(walked),
      source(base_source),
      options(backup_options),
      one_filesystem(backup_options.one_filesystem || !walked.holds_mounts()),
      hooks(walk_hooks),
      queue(2 * threads, backup_options.cancellation),
      sink(target, queue),
      directories(walked.above(), descriptor_limit()) {}

void WalkContext::report(std::string_view path, std::string_view message) const {
  if (options.problems != nullptr) options.problems->problem(path, message);
}

void WalkContext::report(std::string_view path, std::string_view name, const Error& error) const {
  if (error.system_error() == ENOENT) return report(path, "vanished while it was read");
  std::string_view message = error.message();
  if (message.starts_with(name)) message.remove_prefix(name.size());
  if (message.starts_with(": ")) message.remove_prefix(2);
  report(path, message);
}

void WorkerTotals::add(const WorkerTotals& other) {
  stats.files += other.stats.files;
  stats.directories += other.stats.directories;
  stats.bytes += other.stats.bytes;
  stats.files_new += other.stats.files_new;
  stats.files_changed += other.stats.files_changed;
  stats.files_unchanged += other.stats.files_unchanged;
  stats.files_reread += other.stats.files_reread;
  stats.files_removed += other.stats.files_removed;
  stats.files_failed += other.stats.files_failed;
  stats.bytes_read += other.stats.bytes_read;
  stats.names_left_out += other.stats.names_left_out;
  users.merge(other.users);
  groups.merge(other.groups);
  left_out.add(other.left_out);
}

}  // namespace snapferry::tree
