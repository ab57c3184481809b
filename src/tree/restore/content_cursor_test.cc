#include "tree/restore/content_cursor.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "testing/file_tree.h"
#include "testing/memory_objects.h"

namespace snapferry::tree {
namespace {

using snapferry::testing::file;
using snapferry::testing::MemoryObjects;
using snapferry::testing::store;

// "offset+length", and "h" behind a hole.
std::string runs_of(ObjectSource& source, const Content& content) {
  ContentCursor cursor(source, content);
  std::string text;
  while (const auto run = cursor.next()) {
    text += std::to_string(run->offset) + "+" + std::to_string(run->run.length) +
            (run->run.id ? " " : "h ");
  }
  return text;
}

TEST(ContentCursor, GivesTheSameRunsAtEveryDepth) {
  for (std::uint8_t depth = 0; depth <= kMaxContentDepth; ++depth) {
    MemoryObjects objects;
    const Entry entry =
        store(file("f", "abc").hole(10).data("d").data("ef").hole(1).nested(depth), objects);
    EXPECT_EQ(entry.content.depth, depth);
    EXPECT_EQ(runs_of(objects, entry.content), "0+3 3+10h 13+1 14+2 16+1h ");
  }
}

TEST(ContentCursor, GivesNothingForAnEmptyFile) {
  MemoryObjects objects;
  EXPECT_EQ(runs_of(objects, Content{}), "");
}

TEST(ContentCursor, TakesAHoleAmongLists) {
  MemoryObjects objects;
  Entry entry = store(file("f", "abc").nested(2), objects);
  entry.content.runs.insert(entry.content.runs.begin(), ContentRun{7, std::nullopt});
  EXPECT_EQ(runs_of(objects, entry.content), "0+7h 7+3 ");
}

TEST(ContentCursor, RefusesListsThatDoNotFit) {
  MemoryObjects objects;
  const Entry entry = store(file("f", "abc").nested(2), objects);
  Content longer = entry.content;
  longer.runs[0].length = 4;
  EXPECT_THROW(runs_of(objects, longer), Error);
  Content deeper = entry.content;
  deeper.depth = 3;
  EXPECT_THROW(runs_of(objects, deeper), Error);
  Content flat = entry.content;
  flat.depth = 1;
  EXPECT_THROW(runs_of(objects, flat), Error);
  objects.erase(*entry.content.runs[0].id);
  EXPECT_THROW(runs_of(objects, entry.content), Error);
}

}  // namespace
}  // namespace snapferry::tree
