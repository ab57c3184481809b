#include "core/tree_reader.h"

#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/tree_cursor.h"
#include "core/tree_node.h"

namespace snapferry {
namespace {

// Objects under ids that the test chooses or that count up; counts what is read.
class ScriptedObjects : public ObjectSource {
 public:
  Bytes get(ObjectKind kind, const ObjectId& id) override {
    ++reads;
    const auto found = objects_.find({kind, id});
    if (found == objects_.end()) throw Error(ErrorKind::NotFound, "object: is not in the store");
    return found->second;
  }
  ObjectId put(ObjectKind kind, Bytes bytes) {
    const ObjectId id = next_id();
    objects_[{kind, id}] = std::move(bytes);
    return id;
  }
  ObjectId data(std::string_view text) {
    return put(ObjectKind::Data, Bytes(text.begin(), text.end()));
  }

  int reads = 0;

 private:
  ObjectId next_id() {
    ObjectId id;
    id.bytes[0] = static_cast<std::uint8_t>(objects_.size() + 1);
    return id;
  }
  std::map<std::pair<ObjectKind, ObjectId>, Bytes> objects_;
};

Entry fifo(std::string name) {
  Entry entry;
  entry.type = EntryType::Fifo;
  entry.name = std::move(name);
  return entry;
}

Entry directory(std::string name, const ObjectId& tree) {
  Entry entry;
  entry.type = EntryType::Directory;
  entry.name = std::move(name);
  entry.tree = tree;
  return entry;
}

Entry file(std::uint8_t depth, std::vector<ContentRun> runs) {
  Entry entry;
  entry.name = "file";
  for (const ContentRun& run : runs) entry.size += run.length;
  entry.content = {depth, std::move(runs)};
  return entry;
}

Bytes leaf(const std::vector<Entry>& entries) {
  Bytes bytes{1};
  for (const Entry& entry : entries) encode_entry(entry, bytes);
  return bytes;
}

Bytes leaf_of(std::string_view letters) {
  std::vector<Entry> entries;
  for (char letter : letters) entries.push_back(fifo(std::string(1, letter)));
  return leaf(entries);
}

// A directory of a to i in three leaves below two inner nodes below a root.
struct Wide {
  ScriptedObjects objects;
  ObjectId abc = objects.put(ObjectKind::Tree, leaf_of("abc"));
  ObjectId def = objects.put(ObjectKind::Tree, leaf_of("def"));
  ObjectId ghi = objects.put(ObjectKind::Tree, leaf_of("ghi"));
  ObjectId left = objects.put(ObjectKind::Tree, encode_inner(1, {{"a", abc}, {"d", def}}));
  ObjectId right = objects.put(ObjectKind::Tree, encode_inner(1, {{"g", ghi}}));
  ObjectId root = objects.put(ObjectKind::Tree, encode_inner(2, {{"a", left}, {"g", right}}));
};

std::string names(ObjectSource& objects, const ObjectId& tree, std::size_t most = 100) {
  std::string all;
  TreeReader(objects).for_each(tree, [&](const Entry& entry) {
    all += entry.name;
    return all.size() < most;
  });
  return all;
}

template <typename Action>
std::string error_of(Action action, ErrorKind kind = ErrorKind::Corrupt) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(TreeReader, ListsADirectoryOfOneLeaf) {
  ScriptedObjects objects;
  EXPECT_EQ(names(objects, objects.put(ObjectKind::Tree, leaf_of("abc"))), "abc");
  EXPECT_EQ(names(objects, objects.put(ObjectKind::Tree, leaf_of(""))), "");
}

TEST(TreeReader, ListsABigDirectoryInOrder) {
  Wide wide;
  EXPECT_EQ(names(wide.objects, wide.root), "abcdefghi");
  EXPECT_EQ(wide.objects.reads, 6);
}

TEST(TreeReader, StopsReadingWhenTheVisitorHasEnough) {
  Wide wide;
  EXPECT_EQ(names(wide.objects, wide.root, 2), "ab");
  EXPECT_EQ(wide.objects.reads, 3);
}

TEST(TreeReader, FindsEveryNameAndReadsOneLeaf) {
  Wide wide;
  for (char letter = 'a'; letter <= 'i'; ++letter) {
    wide.objects.reads = 0;
    const auto found = TreeReader(wide.objects).find(wide.root, std::string(1, letter));
    ASSERT_TRUE(found) << letter;
    EXPECT_EQ(found->name, std::string(1, letter));
    EXPECT_EQ(wide.objects.reads, 3);
  }
}

TEST(TreeReader, FindsNothingBeforeBetweenAndBehind) {
  Wide wide;
  for (const char* name : {"A", "aa", "cc", "ff", "j", ""}) {
    EXPECT_FALSE(TreeReader(wide.objects).find(wide.root, name)) << name;
  }
}

TEST(TreeReader, ResolvesPathsWhateverTheSlashes) {
  ScriptedObjects objects;
  const ObjectId inner = objects.put(ObjectKind::Tree, leaf_of("xy"));
  const ObjectId outer = objects.put(ObjectKind::Tree, leaf({directory("d", inner), fifo("f")}));
  const Entry root = directory("", outer);
  const TreeReader reader(objects);
  for (const char* path : {"", "/", ".", "//", "/./"}) {
    EXPECT_EQ(reader.resolve(root, path), root) << path;
  }
  for (const char* path : {"d/y", "/d//y", "d/y/", "./d/./y//"}) {
    const auto found = reader.resolve(root, path);
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->name, "y");
  }
  for (const char* path : {"y", "d/z", "f/x", "d/y/x", "d y"}) {
    EXPECT_FALSE(reader.resolve(root, path)) << path;
  }
}

TEST(TreeReader, RefusesToGoUp) {
  ScriptedObjects objects;
  const Entry root = directory("", objects.put(ObjectKind::Tree, leaf_of("")));
  EXPECT_EQ(
      error_of([&] { TreeReader(objects).resolve(root, "../x"); }, ErrorKind::InvalidArgument),
      "../x: must not contain '..'; give the path without it");
}

TEST(TreeReader, NamesThePathAndTheObjectThatIsMissing) {
  ScriptedObjects objects;
  const ObjectId outer = objects.put(ObjectKind::Tree, leaf({directory("d", ObjectId{})}));
  EXPECT_EQ(error_of([&] { TreeReader(objects).resolve(directory("", outer), "/d/e/f"); },
                     ErrorKind::NotFound),
            "/d/e: tree 00000000: object: is not in the store");
}

TEST(TreeReader, RefusesAnInnerNodeThatIsItsOwnChild) {
  ScriptedObjects objects;
  ObjectId self;
  self.bytes[0] = 1;  // the id that the first object gets
  ASSERT_EQ(objects.put(ObjectKind::Tree, encode_inner(3, {{"a", self}})), self);
  EXPECT_EQ(error_of([&] { names(objects, self); }),
            "tree 01000000: height does not fit its parent");
  EXPECT_EQ(error_of([&] { TreeReader(objects).find(self, "a"); }),
            "tree 01000000: height does not fit its parent");
}

TEST(TreeReader, RefusesOneLeafUnderManyNames) {
  ScriptedObjects objects;
  const ObjectId part = objects.put(ObjectKind::Tree, leaf_of("ab"));
  const ObjectId twice = objects.put(ObjectKind::Tree, encode_inner(1, {{"a", part}, {"c", part}}));
  EXPECT_EQ(error_of([&] { names(objects, twice); }),
            "tree 01000000: holds names that belong elsewhere");
}

TEST(TreeReader, RefusesALeafThatReachesIntoTheNextOfItsGrandparent) {
  ScriptedObjects objects;
  const ObjectId part = objects.put(ObjectKind::Tree, leaf_of("az"));
  const ObjectId left = objects.put(ObjectKind::Tree, encode_inner(1, {{"a", part}}));
  const ObjectId root = objects.put(ObjectKind::Tree, encode_inner(2, {{"a", left}, {"g", left}}));
  EXPECT_EQ(error_of([&] { names(objects, root); }),
            "tree 01000000: holds names that belong elsewhere");
}

TEST(TreeReader, RefusesEmptyPartsOfABigDirectory) {
  ScriptedObjects objects;
  const ObjectId part = objects.put(ObjectKind::Tree, leaf_of(""));
  const ObjectId root = objects.put(ObjectKind::Tree, encode_inner(1, {{"a", part}}));
  EXPECT_EQ(error_of([&] { names(objects, root); }),
            "tree 01000000: is an empty part of a directory");
}

TEST(TreeCursor, SeeksToTheFirstNameNotLess) {
  Wide wide;
  TreeCursor cursor(wide.objects, wide.root);
  for (const auto& [name, expected] : std::map<std::string, std::string>{
           {"", "a"}, {"a", "a"}, {"aa", "b"}, {"cc", "d"}, {"f", "f"}, {"ff", "g"}, {"i", "i"}}) {
    cursor.seek(name);
    ASSERT_TRUE(cursor.find_entry()) << name;
    EXPECT_EQ(cursor.name(), expected) << name;
  }
  cursor.seek("j");
  EXPECT_FALSE(cursor.find_entry());
}

TEST(TreeCursor, PassesNodesUnread) {
  Wide wide;
  TreeCursor cursor(wide.objects, wide.root);
  EXPECT_EQ(cursor.at(), TreeCursor::At::Node);
  EXPECT_EQ(cursor.node_id(), wide.left);
  EXPECT_EQ(cursor.node_height(), 1);
  cursor.next();
  EXPECT_EQ(cursor.node_id(), wide.right);
  ASSERT_TRUE(cursor.find_entry());
  EXPECT_EQ(cursor.name(), "g");
  EXPECT_EQ(wide.objects.reads, 3);
}

TEST(TreeReader, ReadsAnyRangeOfAFileWithHolesAndLists) {
  ScriptedObjects objects;
  const ObjectId list_id = objects.put(
      ObjectKind::List,
      encode_list({0, {{3, objects.data("abc")}, {2, std::nullopt}, {1, objects.data("d")}}}));
  const Entry entry = file(1, {{6, list_id}, {4, std::nullopt}, {6, list_id}});
  const std::string zeros(4, '\0');
  const std::string expected = std::string("abc\0\0d", 6) + zeros + std::string("abc\0\0d", 6);
  const TreeReader reader(objects);
  for (std::size_t offset = 0; offset <= expected.size() + 1; ++offset) {
    for (std::size_t length = 0; length <= expected.size() + 1; ++length) {
      const std::string part = offset > expected.size() ? "" : expected.substr(offset, length);
      EXPECT_EQ(as_text(reader.read(entry, offset, length)), part) << offset << "+" << length;
    }
  }
}

TEST(TreeReader, ReadsOnlyTheChunksOfTheRange) {
  ScriptedObjects objects;
  const Entry entry = file(0, {{2, objects.data("ab")}, {2, objects.data("cd")}, {2, ObjectId{}}});
  EXPECT_EQ(as_text(TreeReader(objects).read(entry, 2, 2)), "cd");
  EXPECT_EQ(objects.reads, 1);
}

TEST(TreeReader, VisitsTheRunsOfAFileInOrder) {
  ScriptedObjects objects;
  const ObjectId a = objects.data("abc");
  const ObjectId list_id = objects.put(ObjectKind::List, encode_list({0, {{3, a}, {2, {}}}}));
  std::vector<std::pair<std::uint64_t, ContentRun>> runs;
  TreeReader(objects).for_each_run(
      {1, {{5, list_id}, {7, {}}}},
      [&](std::uint64_t offset, const ContentRun& run) { runs.emplace_back(offset, run); });
  const std::vector<std::pair<std::uint64_t, ContentRun>> expected = {
      {0, {3, a}}, {3, {2, {}}}, {5, {7, {}}}};
  EXPECT_EQ(runs, expected);
}

TEST(TreeReader, RefusesAListThatIsItsOwnPart) {
  ScriptedObjects objects;
  ObjectId self;
  self.bytes[0] = 1;
  ASSERT_EQ(objects.put(ObjectKind::List, encode_list({2, {{5, self}}})), self);
  EXPECT_EQ(error_of([&] {
              TreeReader(objects).read(file(3, {{5, self}}), 0, 5);
            }),
            "list 01000000: depth does not fit its parent");
}

TEST(TreeReader, RefusesListsAndChunksOfAnotherLength) {
  ScriptedObjects objects;
  const ObjectId part = objects.data("abc");
  const ObjectId list = objects.put(ObjectKind::List, encode_list({0, {{3, part}}}));
  const TreeReader reader(objects);
  EXPECT_EQ(error_of([&] {
              reader.read(file(1, {{4, list}}), 0, 1);
            }),
            "list 02000000: does not add up to its length");
  EXPECT_EQ(error_of([&] {
              reader.read(file(0, {{4, part}}), 0, 1);
            }),
            "data 01000000: has the wrong length");
}

TEST(TreeReader, RefusesListsWhoseSumOverflows) {
  ScriptedObjects objects;
  const std::uint64_t half = std::uint64_t{1} << 62;
  const ContentRun hole{half, {}};
  const ObjectId list =
      objects.put(ObjectKind::List, encode_list({0, {hole, hole, hole, hole, {5, {}}}}));
  EXPECT_EQ(error_of([&] {
              TreeReader(objects).read(file(1, {{5, list}}), 0, 5);
            }),
            "list 01000000: does not add up to its length");
}

}  // namespace
}  // namespace snapferry
