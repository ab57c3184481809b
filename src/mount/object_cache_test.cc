#include "mount/object_cache.h"

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/memory_objects.h"

namespace snapferry::mount {
namespace {

using testing::MemoryObjects;

TEST(ObjectCache, ReadsAnObjectOnce) {
  MemoryObjects objects;
  const ObjectId id = objects.put(ObjectKind::Data, as_bytes("hello"));
  ObjectCache cache(objects, 1 << 20);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(as_text(cache.get(ObjectKind::Data, id)), "hello");
  }
  EXPECT_EQ(objects.gets(), 1u);
}

TEST(ObjectCache, ForgetsWhatWasUsedLongestAgo) {
  MemoryObjects objects;
  std::vector<ObjectId> ids;
  for (char c : {'a', 'b', 'c'}) {
    ids.push_back(objects.put(ObjectKind::Data, as_bytes(std::string(10'000, c))));
  }
  ObjectCache cache(objects, 25'000);
  for (int index : {0, 1, 0, 2}) cache.get(ObjectKind::Data, ids[index]);
  objects.reset_counters();
  cache.get(ObjectKind::Data, ids[0]);
  cache.get(ObjectKind::Data, ids[2]);
  EXPECT_EQ(objects.gets(), 0u);
  cache.get(ObjectKind::Data, ids[1]);
  EXPECT_EQ(objects.gets(), 1u);
}

TEST(ObjectCache, PassesWhatIsLargerThanItself) {
  MemoryObjects objects;
  const std::string text(10'000, 'x');
  const ObjectId id = objects.put(ObjectKind::Data, as_bytes(text));
  ObjectCache cache(objects, 100);
  EXPECT_EQ(as_text(cache.get(ObjectKind::Data, id)), text);
  EXPECT_EQ(as_text(cache.get(ObjectKind::Data, id)), text);
}

TEST(ObjectCache, TriesAgainAfterAFailure) {
  MemoryObjects objects;
  ObjectCache cache(objects, 1 << 20);
  const ObjectId id = objects.id_of(ObjectKind::Data, as_bytes("late"));
  EXPECT_THROW(cache.get(ObjectKind::Data, id), Error);
  objects.put(ObjectKind::Data, as_bytes("late"));
  EXPECT_EQ(as_text(cache.get(ObjectKind::Data, id)), "late");
}

TEST(ObjectCache, TellsKindsApart) {
  MemoryObjects objects;
  const ObjectId id = objects.put(ObjectKind::Data, as_bytes("x"));
  ObjectCache cache(objects, 1 << 20);
  cache.get(ObjectKind::Data, id);
  EXPECT_THROW(cache.get(ObjectKind::Tree, id), Error);
}

TEST(ObjectCache, ReadsAnObjectOnceForThreadsThatAskTogether) {
  MemoryObjects objects;
  const ObjectId id = objects.put(ObjectKind::Data, as_bytes(std::string(1 << 20, 'x')));
  ObjectCache cache(objects, 1 << 24);
  std::latch start(8);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        EXPECT_EQ(cache.get(ObjectKind::Data, id).size(), 1u << 20);
      });
    }
  }
  EXPECT_EQ(objects.gets(), 1u);
}

}  // namespace
}  // namespace snapferry::mount
