#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "tree/backup/directory.h"

namespace snapferry::tree {

// A directory to be walked.
struct DirectoryTask {
  std::shared_ptr<Directory> parent;  // nullptr for the root
  std::string name;
  IdSlot slot;                   // in the parent
  std::optional<ObjectId> base;  // its tree in the base
  // It was a mount point in the base, is none now, and is not to be taken for what it was.
  bool disk_may_be_away = false;
};

// Content to be put; `stored` is told its id.
struct ChunkTask {
  Bytes bytes;
  std::function<void(const ObjectId&)> stored;
};

using Task = std::variant<DirectoryTask, ChunkTask>;

// What the workers of one backup still have to do: directories, the last one pushed
// first so that the walk goes deep before it goes wide, and before all of them chunks,
// which take memory and of which there are therefore few. Safe from several threads.
class WorkQueue {
 public:
  // At most `max_chunks` are waiting or being put at a time. `cancellation` may be null.
  WorkQueue(std::size_t max_chunks, const Cancellation* cancellation)
      : max_chunks_(max_chunks), cancellation_(cancellation) {}

  // The last of `tasks` is taken first. Leaves `tasks` empty.
  void push(std::vector<DirectoryTask>& tasks);

  // Takes `task` unless there are too many already; false leaves it untouched.
  bool offer(ChunkTask& task);

  // Whether a worker has nothing to do at this moment; a hint.
  bool has_idle_worker() const { return idle_.load(std::memory_order_relaxed) > 0; }

  // Counts as a task that next() returned, for work that was not pushed.
  void begin();

  // Waits for something to do. nullopt: everything is done, or stop() was called. Each
  // task returned is followed by done() with its kind.
  std::optional<Task> next();
  void done(bool was_chunk);

  // Puts waiting chunks by calling `put` until `enough` holds or the queue was stopped.
  // `enough` becomes true by chunks being stored, and is called under a lock.
  void help_until(const std::function<bool()>& enough, const std::function<void(ChunkTask&)>& put);

  // Ends all work; the first error is kept.
  void stop(std::exception_ptr error) noexcept;

  // Throws Cancelled if the work was stopped or cancelled.
  void check() const;

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

  // Throws the error that stopped the work, if any did.
  void rethrow() const;

 private:
  const std::size_t max_chunks_;
  const Cancellation* const cancellation_;
  mutable std::mutex mutex_;
  std::condition_variable work_;    // for next()
  std::condition_variable stored_;  // for help_until()
  std::vector<DirectoryTask> directories_;
  std::deque<ChunkTask> chunks_;
  std::size_t chunks_taken_ = 0;  // being put
  std::size_t busy_ = 0;          // tasks returned by next() and not yet done
  std::atomic<unsigned> idle_{0};
  std::atomic<bool> stopped_{false};
  std::exception_ptr error_;
};

}  // namespace snapferry::tree
