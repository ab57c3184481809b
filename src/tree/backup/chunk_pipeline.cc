#include "tree/backup/chunk_pipeline.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

constexpr std::size_t kBufferSize = 2 * kChunkSizes.maximum;
constexpr std::size_t kMinListRuns = 256;
// The bits of a byte pair that select the end of a list: one in 512.
constexpr unsigned kListEndMask = 511;

bool ends_list(const ContentRun& run) {
  if (!run.id) return false;
  const unsigned pair = run.id->bytes[30] * 256u + run.id->bytes[31];
  return (pair & kListEndMask) == 0;
}

bool is_zero(ByteView bytes) {
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

ContentRun put_list(Content& list, ObjectSink& sink) {
  ContentRun parent;
  for (const ContentRun& run : list.runs) parent.length += run.length;
  parent.id = sink.put(ObjectKind::List, encode_list(list));
  list.runs.clear();
  return parent;
}

}  // namespace

Content wrap_runs(std::vector<ContentRun> runs, ObjectSink& sink) {
  Content content;
  content.runs = std::move(runs);
  while (content.runs.size() > kMaxEntryRuns && content.depth < kMaxContentDepth) {
    Content parents;
    Content list;
    list.depth = content.depth;
    for (ContentRun& run : content.runs) {
      list.runs.push_back(run);
      const std::size_t count = list.runs.size();
      if (count == kMaxListRuns || (count >= kMinListRuns && ends_list(run))) {
        parents.runs.push_back(put_list(list, sink));
      }
    }
    if (!list.runs.empty()) parents.runs.push_back(put_list(list, sink));
    parents.depth = static_cast<std::uint8_t>(content.depth + 1);
    content = std::move(parents);
  }
  return content;
}

void put_chunk(ObjectSink& sink, ChunkTask& task) {
  const ObjectId id = sink.put(ObjectKind::Data, task.bytes);
  task.bytes = {};
  task.stored(id);
}

struct ChunkPipeline::Shared {
  std::mutex mutex;
  std::vector<std::pair<std::size_t, ObjectId>> stored;  // index of the run, its id
  std::atomic<std::size_t> under_way{0};
};

ChunkPipeline::ChunkPipeline(WorkQueue& queue, ObjectSink& sink, Bytes& buffer)
    : queue_(queue), sink_(sink), buffer_(buffer), shared_(std::make_shared<Shared>()) {}

void ChunkPipeline::add(const Read& read, const std::function<void(std::size_t)>& progress,
                        Zeros zeros) {
  if (buffer_.size() < kBufferSize) buffer_.resize(kBufferSize);
  std::size_t begin = 0;
  std::size_t end = 0;
  bool more = true;
  while (more || begin < end) {
    queue_.check();
    if (more && end - begin < kChunkSizes.maximum) {
      std::memmove(buffer_.data(), buffer_.data() + begin, end - begin);
      end -= std::exchange(begin, 0);
      const std::size_t room = buffer_.size() - end;
      const std::size_t got = read(buffer_.data() + end, room);
      more = got == room;
      end += got;
      if (end == 0) return;
    }
    const ByteView left = ByteView(buffer_).subspan(begin, end - begin);
    const std::size_t size = first_chunk(left);
    const ByteView chunk = left.first(size);
    if (zeros == Zeros::AreHoles && is_zero(chunk)) {
      add_hole(size);
    } else {
      put(chunk);
    }
    progress(size);
    begin += size;
  }
}

void ChunkPipeline::put(ByteView chunk) {
  const std::size_t index = runs_.size();
  runs_.push_back({chunk.size(), ObjectId{}});
  ++shared_->under_way;
  ChunkTask task{Bytes(chunk.begin(), chunk.end()), [shared = shared_, index](const ObjectId& id) {
                   const std::lock_guard lock(shared->mutex);
                   shared->stored.emplace_back(index, id);
                   --shared->under_way;
                 }};
  if (!queue_.offer(task)) put_chunk(sink_, task);
}

void ChunkPipeline::add_hole(std::uint64_t length) {
  if (!runs_.empty() && !runs_.back().id) {
    runs_.back().length += length;
  } else {
    runs_.push_back({length, std::nullopt});
  }
}

Content ChunkPipeline::finish() {
  queue_.help_until([this] { return shared_->under_way == 0; },
                    [this](ChunkTask& task) { put_chunk(sink_, task); });
  queue_.check();
  const std::lock_guard lock(shared_->mutex);
  for (const auto& [index, id] : shared_->stored) runs_[index].id = id;
  shared_->stored.clear();
  return wrap_runs(std::exchange(runs_, {}), sink_);
}

}  // namespace snapferry::tree
