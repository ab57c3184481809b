#pragma once

#include <functional>
#include <memory>

#include "core/entry.h"
#include "core/object_store.h"
#include "tree/backup/chunker.h"
#include "tree/backup/work_queue.h"

namespace snapferry::tree {

// More runs than this in one entry go into List objects.
inline constexpr std::size_t kMaxEntryRuns = 64;
inline constexpr std::size_t kMaxListRuns = 1024;

// Puts runs that are too many for an entry into List objects, level by level. Lists
// end where an id says so, so that a change in a big file rewrites few of them.
Content wrap_runs(std::vector<ContentRun> runs, ObjectSink& sink);

// Cuts what is read into chunks and puts them, in order, as the content of one file.
// Chunks go to other workers through the queue while it has room; the owner puts the
// rest itself. So with one big file all workers are busy, and memory stays bounded. One
// thread at a time; borrows queue and sink.
class ChunkPipeline {
 public:
  // Fills the buffer as far as it can; less than its size means the end.
  using Read = std::function<std::size_t(std::uint8_t* buffer, std::size_t size)>;

  // `buffer` is working space, grown as needed and reusable afterwards.
  ChunkPipeline(WorkQueue& queue, ObjectSink& sink, Bytes& buffer);

  // Cuts and puts all that `read` yields. With Zeros::AreHoles a chunk of nothing else becomes a
  // hole. Calls `progress` with the bytes of each chunk.
  // Throws what `read`, the sink and WorkQueue::check throw.
  enum class Zeros { AreData, AreHoles };
  void add(const Read& read, const std::function<void(std::size_t)>& progress,
           Zeros zeros = Zeros::AreData);

  void add_hole(std::uint64_t length);

  // Waits until every chunk is stored.
  Content finish();

 private:
  struct Shared;
  void put(ByteView chunk);

  WorkQueue& queue_;
  ObjectSink& sink_;
  Bytes& buffer_;
  std::vector<ContentRun> runs_;
  // Shared with chunks in other workers' hands, which may outlive an owner that failed.
  std::shared_ptr<Shared> shared_;
};

// Puts the chunk of a task and reports its id.
void put_chunk(ObjectSink& sink, ChunkTask& task);

}  // namespace snapferry::tree
