#include "tree/backup/tree_builder.h"

#include <map>

#include <gtest/gtest.h>

#include "core/tree_node.h"
#include "core/tree_reader.h"
#include "testing/memory_objects.h"

namespace snapferry::tree {
namespace {

using testing::MemoryObjects;

std::string name_of(int number) {
  std::string digits = std::to_string(number);
  return "file" + std::string(7 - digits.size(), '0') + digits;
}

Bytes encoded(const std::string& name, EntryType type = EntryType::Symlink) {
  Entry entry;
  entry.type = type;
  entry.name = name;
  if (type == EntryType::Symlink) entry.target = "target of " + name;
  Bytes bytes;
  encode_entry(entry, bytes);
  return bytes;
}

// A directory of symlinks, from a base where the names are in it.
ObjectId build(MemoryObjects& objects, const std::vector<std::string>& names,
               const std::optional<ObjectId>& base = std::nullopt) {
  TreeBuilder builder(objects);
  BaseCursor cursor(objects, base);
  for (const std::string& name : names) {
    while (!cursor.at_end() && cursor->item->name < name) cursor.advance();
    const bool found = !cursor.at_end() && cursor->item->name == name;
    builder.add(name, found ? cursor->item->bytes : encoded(name), found ? &*cursor : nullptr);
  }
  while (!cursor.at_end()) cursor.advance();
  return builder.finish(cursor.shape()).value();
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(name_of(i));
  return names;
}

std::vector<std::string> read(MemoryObjects& objects, const ObjectId& tree) {
  std::vector<std::string> names;
  TreeReader(objects).for_each(tree, [&](const Entry& entry) {
    names.push_back(entry.name);
    return true;
  });
  return names;
}

TEST(TreeBuilder, MakesOneLeafOfASmallDirectory) {
  MemoryObjects objects;
  const ObjectId tree = build(objects, {"a", "b"});
  EXPECT_EQ(objects.puts(), 1u);
  EXPECT_EQ(read(objects, tree), (std::vector<std::string>{"a", "b"}));
}

TEST(TreeBuilder, MakesAnEmptyLeafOfAnEmptyDirectory) {
  MemoryObjects objects;
  const ObjectId tree = build(objects, {});
  EXPECT_TRUE(read(objects, tree).empty());
  objects.reset_counters();
  EXPECT_EQ(build(objects, {}, tree), tree);
  EXPECT_EQ(objects.puts(), 0u);
}

TEST(TreeBuilder, EmptiesADirectoryThatWasNotEmpty) {
  MemoryObjects objects;
  const ObjectId tree = build(objects, {}, build(objects, {"a"}));
  EXPECT_TRUE(read(objects, tree).empty());
}

TEST(TreeBuilder, SplitsABigDirectoryIntoLeavesThatReadersFindTheirWayIn) {
  MemoryObjects objects;
  const std::vector<std::string> names = numbered(300'000);
  const ObjectId tree = build(objects, names);
  EXPECT_EQ(read(objects, tree), names);
  EXPECT_GT(objects.puts(), 300u);
  EXPECT_LT(objects.puts(), 1500u);
  EXPECT_TRUE(TreeReader(objects).find(tree, name_of(123'456)).has_value());
}

TEST(TreeBuilder, PutsNothingWhenTheBaseIsTheSame) {
  MemoryObjects objects;
  const ObjectId tree = build(objects, numbered(20'000));
  objects.reset_counters();
  EXPECT_EQ(build(objects, numbered(20'000), tree), tree);
  EXPECT_EQ(objects.puts(), 0u);
}

TEST(TreeBuilder, GivesTheSameIdWithAndWithoutABase) {
  MemoryObjects objects;
  std::vector<std::string> names = numbered(20'000);
  const ObjectId base = build(objects, names);
  names.erase(names.begin() + 5000, names.begin() + 5200);
  names.insert(names.begin() + 9000, name_of(9199) + "x");
  EXPECT_EQ(build(objects, names, base), build(objects, names));
}

TEST(TreeBuilder, RewritesFewLeavesForOneNewName) {
  MemoryObjects objects;
  std::vector<std::string> names = numbered(50'000);
  const ObjectId base = build(objects, names);
  for (const std::size_t at : {0u, 777u, 25'000u, 50'000u}) {
    std::vector<std::string> changed = names;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at),
                   at == 0 ? "a" : names[at - 1] + "+");
    objects.reset_counters();
    EXPECT_EQ(read(objects, build(objects, changed, base)), changed);
    EXPECT_LE(objects.new_objects(), 6u) << at;
  }
}

TEST(TreeBuilder, NoticesThatTheLastLeafIsGone) {
  MemoryObjects objects;
  std::vector<std::string> names = numbered(20'000);
  const ObjectId base = build(objects, names);
  names.resize(100);
  EXPECT_EQ(read(objects, build(objects, names, base)), names);
}

TEST(TreeBuilder, LimitsTheBytesOfALeaf) {
  MemoryObjects objects;
  TreeBuilder builder(objects);
  for (int i = 0; i < 100; ++i) {
    Entry entry;
    entry.name = name_of(i);
    entry.xattrs = {{"user.big", Bytes(60'000)}};
    Bytes bytes;
    encode_entry(entry, bytes);
    builder.add(entry.name, bytes, nullptr);
  }
  const ObjectId tree = builder.finish(std::nullopt).value();
  EXPECT_EQ(objects.puts(), 7u);
  EXPECT_EQ(read(objects, tree).size(), 100u);
}

ObjectId id_of(std::uint8_t first) {
  ObjectId id;
  id.bytes[0] = first;
  return id;
}

TEST(TreeBuilder, WaitsForEveryIdWhateverTheOrder) {
  for (const bool early : {true, false}) {
    MemoryObjects objects;
    TreeBuilder builder(objects);
    const IdSlot first = builder.add_pending("a", encoded("a", EntryType::Directory), nullptr);
    const IdSlot second = builder.add_pending("b", encoded("b", EntryType::Directory), nullptr);
    if (early) {
      EXPECT_FALSE(builder.fill(second, id_of(2)));
    }
    EXPECT_FALSE(builder.finish(std::nullopt));
    if (!early) {
      EXPECT_FALSE(builder.fill(second, id_of(2)));
    }
    EXPECT_EQ(objects.puts(), 0u);
    const std::optional<ObjectId> tree = builder.fill(first, id_of(1));
    ASSERT_TRUE(tree);
    EXPECT_EQ(TreeReader(objects).find(*tree, "a")->tree, id_of(1));
    EXPECT_EQ(TreeReader(objects).find(*tree, "b")->tree, id_of(2));
  }
}

TEST(TreeBuilder, KeepsTheBaseOnlyIfEveryIdComesBackTheSame) {
  MemoryObjects objects;
  TreeBuilder before(objects);
  before.fill(before.add_pending("a", encoded("a", EntryType::Directory), nullptr), id_of(1));
  const ObjectId base = before.finish(std::nullopt).value();
  for (const std::uint8_t now : {1, 2}) {
    BaseCursor cursor(objects, base);
    TreeBuilder after(objects);
    const IdSlot slot = after.add_pending("a", cursor->item->bytes, &*cursor);
    cursor.advance();
    EXPECT_FALSE(after.finish(cursor.shape()));
    objects.reset_counters();
    const ObjectId tree = after.fill(slot, id_of(now)).value();
    EXPECT_EQ(tree == base, now == 1);
    EXPECT_EQ(objects.puts(), now == 1 ? 0u : 1u);
  }
}

TEST(BaseCursor, EndsEarlyWhenAnObjectIsMissingOrDamaged) {
  MemoryObjects objects;
  const ObjectId tree = build(objects, numbered(5000));
  const Bytes top = objects.get(ObjectKind::Tree, tree);
  const ObjectId second_leaf = TreeNode::parse(top).children[1].id;
  objects.replace(ObjectKind::Tree, second_leaf, as_bytes("\x01garbage"));
  BaseCursor cursor(objects, tree);
  std::size_t count = 0;
  for (; !cursor.at_end(); cursor.advance()) ++count;
  EXPECT_GT(count, 0u);
  EXPECT_LT(count, 5000u);
  ASSERT_TRUE(cursor.error());
  EXPECT_EQ(cursor.error()->kind(), ErrorKind::Corrupt);
  EXPECT_FALSE(cursor.shape());
  EXPECT_TRUE(BaseCursor(objects, id_of(9)).at_end());
}

}  // namespace
}  // namespace snapferry::tree
