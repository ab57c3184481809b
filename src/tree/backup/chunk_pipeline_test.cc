#include "tree/backup/chunk_pipeline.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "core/tree_reader.h"
#include "testing/backup_scene.h"

namespace snapferry::tree {
namespace {

using testing::MemoryObjects;
using testing::noise;

ChunkPipeline::Read reader_of(const std::string& text, std::size_t& at) {
  return [&text, &at](std::uint8_t* buffer, std::size_t size) {
    const std::size_t got = std::min(size, text.size() - at);
    std::copy_n(text.data() + at, got, buffer);
    at += got;
    return got;
  };
}

Content store(const std::string& text, MemoryObjects& objects, WorkQueue& queue) {
  Bytes buffer;
  std::size_t at = 0;
  std::size_t reported = 0;
  ChunkPipeline pipeline(queue, objects, buffer);
  pipeline.add(reader_of(text, at), [&](std::size_t size) { reported += size; });
  EXPECT_EQ(reported, text.size());
  return pipeline.finish();
}

std::string load(const Content& content, std::size_t size, MemoryObjects& objects) {
  Entry file;
  file.content = content;
  file.size = size;
  return std::string(as_text(TreeReader(objects).read(file, 0, size)));
}

TEST(ChunkPipeline, StoresWhatItReadsWithNobodyToHelp) {
  for (const std::size_t size : {0u, 1u, 300'000u, (8u << 20) - 1, 8u << 20, (20u << 20) + 5}) {
    MemoryObjects objects;
    WorkQueue queue(4, nullptr);
    const std::string text = noise(size);
    EXPECT_EQ(load(store(text, objects, queue), size, objects), text) << size;
  }
}

TEST(ChunkPipeline, GivesTheSameContentWhoeverPutsTheChunks) {
  const std::string text = noise(30 << 20);
  MemoryObjects alone;
  WorkQueue lonely(0, nullptr);
  const Content expected = store(text, alone, lonely);

  MemoryObjects objects;
  WorkQueue queue(4, nullptr);
  queue.begin();
  std::size_t helped = 0;
  std::jthread worker([&] {
    while (std::optional<Task> task = queue.next()) {
      put_chunk(objects, std::get<ChunkTask>(*task));
      ++helped;
      queue.done(true);
    }
  });
  EXPECT_EQ(store(text, objects, queue), expected);
  queue.done(false);
  worker.join();
  EXPECT_LE(helped, expected.runs.size());
}

TEST(ChunkPipeline, StopsWhenTheWorkWasStopped) {
  MemoryObjects objects;
  WorkQueue queue(4, nullptr);
  queue.stop(std::make_exception_ptr(Error(ErrorKind::NoSpace, "store: is full")));
  EXPECT_THROW(store(noise(1000), objects, queue), Error);
  EXPECT_THROW(queue.rethrow(), Error);
}

TEST(ChunkPipeline, IsInterruptedBetweenChunks) {
  MemoryObjects objects;
  Cancellation cancellation;
  WorkQueue queue(0, &cancellation);
  Bytes buffer;
  ChunkPipeline pipeline(queue, objects, buffer);
  const std::string text = noise(8 << 20);
  std::size_t at = 0;
  try {
    pipeline.add(reader_of(text, at), [&](std::size_t) { cancellation.request(); });
    FAIL() << "was not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
  }
  EXPECT_EQ(objects.puts(), 1u);
}

std::vector<ContentRun> many_runs(std::size_t count) {
  std::vector<ContentRun> runs;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes number(reinterpret_cast<const std::uint8_t*>(&i),
                       reinterpret_cast<const std::uint8_t*>(&i) + sizeof i);
    runs.push_back({8, MemoryObjects::hash_of(ObjectKind::Data, number)});
  }
  return runs;
}

std::vector<ContentRun> flat(const Content& content, MemoryObjects& objects) {
  std::vector<ContentRun> runs;
  TreeReader(objects).for_each_run(
      content, [&](std::uint64_t, const ContentRun& run) { runs.push_back(run); });
  return runs;
}

TEST(WrapRuns, LeavesFewRunsAsTheyAre) {
  MemoryObjects objects;
  const Content content = wrap_runs(many_runs(kMaxEntryRuns), objects);
  EXPECT_EQ(content.depth, 0);
  EXPECT_EQ(content.runs.size(), kMaxEntryRuns);
  EXPECT_EQ(objects.puts(), 0u);
}

TEST(WrapRuns, PutsManyRunsIntoListsOfLists) {
  for (const std::size_t count : {65u, 1024u, 1025u, 70'000u}) {
    MemoryObjects objects;
    const std::vector<ContentRun> runs = many_runs(count);
    const Content content = wrap_runs(runs, objects);
    EXPECT_GE(content.depth, 1);
    EXPECT_LE(content.runs.size(), kMaxEntryRuns);
    EXPECT_EQ(flat(content, objects), runs);
  }
}

TEST(WrapRuns, KeepsMostListsWhenARunIsInserted) {
  MemoryObjects objects;
  std::vector<ContentRun> runs = many_runs(20'000);
  wrap_runs(runs, objects);
  runs.insert(runs.begin() + 3000, runs.back());
  objects.reset_counters();
  EXPECT_EQ(flat(wrap_runs(runs, objects), objects), runs);
  EXPECT_LE(objects.new_objects(), 5u);
}

}  // namespace
}  // namespace snapferry::tree
