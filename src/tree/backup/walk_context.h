#pragma once

#include <functional>
#include <string_view>

#include "tree/backup/backup.h"
#include "tree/backup/linked_contents.h"
#include "tree/backup/work_queue.h"
#include "tree/change_detection.h"
#include "tree/owners.h"

namespace snapferry::tree {

// Where tests step in, so that they need no races. Paths are relative to the volume;
// called by any worker. All may be empty.
struct WalkHooks {
  // A directory was listed, and nothing in it was looked at yet.
  std::function<void(std::string_view path)> listed;
  // Before a file or directory is opened; an errno other than 0 is what opening fails with.
  std::function<int(std::string_view path)> opening;
  // A file was read, and it is not yet known whether it changed meanwhile; as above,
  // for reading.
  std::function<int(std::string_view path)> read;
};

// Passes on to another sink, and ends the whole walk when that fails: what goes wrong
// with the store is not a problem of the file at hand.
class WalkSink : public ObjectSink {
 public:
  WalkSink(ObjectSink& sink, WorkQueue& queue) : sink_(sink), queue_(queue) {}
  ObjectId id_of(ObjectKind kind, ByteView bytes) const override {
    return sink_.id_of(kind, bytes);
  }
  std::vector<ObjectRef> missing(std::span<const ObjectRef> objects) override;
  ObjectId put(ObjectKind kind, ByteView bytes) override;
  void settle() override;
  bool any_lost() const override { return sink_.any_lost(); }

 private:
  template <typename Call>
  auto ending_the_walk(const Call& call);

  ObjectSink& sink_;
  WorkQueue& queue_;
};

// What the workers of one backup share.
struct WalkContext {
  WalkContext(FileSource& walked, ObjectSource& base_source, ObjectSink& target,
              const BackupOptions& backup_options, const WalkHooks& walk_hooks);

  const unsigned threads;
  FileSource& files;
  ObjectSource& source;
  const BackupOptions& options;
  const bool one_filesystem;  // asked for, or all that there is
  const WalkHooks& hooks;
  RacyWindow racy;  // of the base
  WorkQueue queue;
  WalkSink sink;
  OpenDirectories directories;
  LinkedContents links;

  // Tells the problem sink why the file at `path` was left out.
  void report(std::string_view path, std::string_view message) const;
  // The cause alone, without the name of the file in front; a vanished file is called so.
  void report(std::string_view path, std::string_view name, const Error& error) const;
};

// What one worker counts; added up at the end.
struct WorkerTotals {
  BackupStats stats;
  OwnerIds users;
  OwnerIds groups;
  LeftOutSummary left_out;
  void add(const WorkerTotals& other);
};

}  // namespace snapferry::tree
