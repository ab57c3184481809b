#include "tree/query/diff.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/tree_node.h"
#include "testing/memory_objects.h"
#include "testing/tree_builder.h"

namespace snapferry::tree {
namespace {

using Lines = std::vector<std::string>;
using testing::build_tree;
using testing::MemoryObjects;
using testing::TreeOptions;

// "+" added, "-" removed, "T" type changed, "?" left out, otherwise a letter for each part:
// Content, Mode, Owner, Time, Xattrs.
std::string letters(const Change& change) {
  switch (change.kind) {
    case ChangeKind::Added:
      return "+";
    case ChangeKind::Removed:
      return "-";
    case ChangeKind::TypeChanged:
      return "T";
    case ChangeKind::LeftOut:
      return "?";
    case ChangeKind::Modified:
      break;
  }
  std::string all;
  if (change.parts.content) all += 'C';
  if (change.parts.mode) all += 'M';
  if (change.parts.owner) all += 'O';
  if (change.parts.mtime) all += 'T';
  if (change.parts.xattrs) all += 'X';
  return all;
}

Lines changes(const Entry& before, const Entry& after, ObjectSource& source,
              const DiffOptions& options = {}, DiffTotals* totals = nullptr) {
  Lines lines;
  const DiffTotals result = diff(
      &before, &after, source,
      [&](const Change& change) { lines.push_back(letters(change) + " " + change.path); }, options);
  if (totals != nullptr) *totals = result;
  return lines;
}

Lines changes(const Lines& before, const Lines& after, const DiffOptions& options = {}) {
  MemoryObjects objects;
  return changes(build_tree(objects, before), build_tree(objects, after), objects, options);
}

TEST(Diff, TellsNothingOfEqualTreesAndReadsNothing) {
  MemoryObjects objects;
  const Entry root = build_tree(objects, {"a=1", "d/b=2"});
  EXPECT_EQ(changes(root, root, objects), Lines{});
  EXPECT_EQ(objects.gets(), 0u);
}

TEST(Diff, TellsAddedRemovedAndChangedInOrderOfNames) {
  EXPECT_EQ(changes({"a=1", "b=1", "d/x=1", "z=1"}, {"b=2", "c=1", "d/x=1", "d/y=1", "z=1"}),
            (Lines{"- a", "C b", "+ c", "+ d/y"}));
}

TEST(Diff, ExpandsDirectoriesThatCameOrWent) {
  EXPECT_EQ(changes({"old/deep/x=1", "old/y=1"}, {"new/z=1"}),
            (Lines{"+ new", "+ new/z", "- old", "- old/deep", "- old/deep/x", "- old/y"}));
  EXPECT_EQ(changes({"old/deep/x=1"}, {"new/z=1"}, {.expand = false}), (Lines{"+ new", "- old"}));
}

TEST(Diff, TellsWhatReplacedWhat) {
  EXPECT_EQ(changes({"x/in=1"}, {"x=file"}), (Lines{"T x", "- x/in"}));
  EXPECT_EQ(changes({"x=file"}, {"x/in=1"}), (Lines{"T x", "+ x/in"}));
  EXPECT_EQ(changes({"x=file"}, {"x/in=1"}, {.expand = false}), (Lines{"T x"}));
  EXPECT_EQ(changes({"x=file"}, {"x->file"}), (Lines{"T x"}));
}

TEST(Diff, TellsTheTargetOfASymlinkAsContent) {
  EXPECT_EQ(changes({"l->a"}, {"l->b"}), (Lines{"C l"}));
}

TEST(Diff, TellsTheNumberOfADeviceAsContent) {
  MemoryObjects objects;
  const auto with_device = [&](std::uint64_t number) {
    return build_tree(objects, {"d"}, {.edits = {{"d", [=](Entry& entry) {
                                                    entry.type = EntryType::BlockDevice;
                                                    entry.device = number;
                                                  }}}});
  };
  EXPECT_EQ(changes(with_device(1), with_device(2), objects), (Lines{"C d"}));
}

TEST(Diff, TellsEachPartOfTheMetadata) {
  const std::vector<std::pair<std::string, std::function<void(Entry&)>>> cases = {
      {"M", [](Entry& entry) { entry.mode = 0600; }},
      {"O", [](Entry& entry) { entry.uid = 1; }},
      {"O", [](Entry& entry) { entry.gid = 1; }},
      {"T", [](Entry& entry) { entry.mtime.nanoseconds = 1; }},
      {"X",
       [](Entry& entry) {
         entry.xattrs = {{"user.a", {1}}};
       }},
      {"MOTX",
       [](Entry& entry) {
         entry.mode = 0600;
         entry.gid = 1;
         entry.mtime.seconds = -1;
         entry.xattrs = {{"user.a", {}}};
       }},
  };
  for (const auto& [expected, edit] : cases) {
    MemoryObjects objects;
    const Entry before = build_tree(objects, {"d/x=1"});
    const Entry after = build_tree(objects, {"d/x=1"}, {.edits = {{"d/x", edit}}});
    EXPECT_EQ(changes(before, after, objects), (Lines{expected + " d/x"}));
    const Entry directory = build_tree(objects, {"d/x=1"}, {.edits = {{"d", edit}}});
    EXPECT_EQ(changes(before, directory, objects), (Lines{expected + " d"}));
    const Entry root = build_tree(objects, {"d/x=1"}, {.edits = {{"", edit}}});
    EXPECT_EQ(changes(before, root, objects), (Lines{expected + " "}));
  }
}

TEST(Diff, DoesNotTellOfChangeTimesInodesAndLinks) {
  MemoryObjects objects;
  const Entry before = build_tree(objects, {"d/x=1"});
  const auto edit = [](Entry& entry) {
    entry.ctime.seconds = 5;
    entry.inode = 6;
    if (entry.type == EntryType::File) entry.link_device = 7;
  };
  const Entry after = build_tree(objects, {"d/x=1"}, {.edits = {{"d/x", edit}, {"d", edit}}});
  EXPECT_EQ(changes(before, after, objects), Lines{});
}

TEST(Diff, AddsUpWhatItTells) {
  MemoryObjects objects;
  const Entry before = build_tree(objects, {"a=1", "b=22", "c=333", "same=1"});
  const Entry after = build_tree(objects, {"b=4444", "c->x", "new/d=55555", "same=1"},
                                 {.edits = {{"same", [](Entry& entry) { entry.mode = 0; }}}});
  DiffTotals totals;
  EXPECT_EQ(changes(before, after, objects, {}, &totals),
            (Lines{"- a", "C b", "T c", "+ new", "+ new/d", "M same"}));
  EXPECT_EQ(totals, (DiffTotals{.added = 2,
                                .removed = 1,
                                .modified = 2,
                                .type_changed = 1,
                                .bytes_added = 9,
                                .bytes_removed = 6}));
}

TEST(Diff, ComparesRootsThatAreFiles) {
  MemoryObjects objects;
  const auto root = [&](const std::string& text) {
    Entry entry;
    entry.size = text.size();
    entry.content.runs = {{text.size(), objects.put(ObjectKind::Data, as_bytes(text))}};
    return entry;
  };
  EXPECT_EQ(changes(root("1"), root("1"), objects), Lines{});
  EXPECT_EQ(changes(root("1"), root("2"), objects), (Lines{"C "}));
}

Lines numbered(int from, int to) {
  Lines lines;
  for (int number = from; number < to; ++number)
    lines.push_back("n" + std::to_string(number) + "=");
  return lines;
}

TEST(Diff, ReadsOnlyTheChangedPartsOfABigDirectory) {
  MemoryObjects objects;
  const TreeOptions options{.edits = {}, .names_per_node = 8};
  Lines lines = numbered(10000, 20000);
  const Entry before = build_tree(objects, lines, options);
  lines[5000] = "n15000=changed";
  lines.erase(lines.begin() + 7000);
  lines.push_back("n15000x=");
  const Entry after = build_tree(objects, lines, options);
  objects.reset_counters();
  EXPECT_EQ(changes(before, after, objects), (Lines{"C n15000", "+ n15000x", "- n17000"}));
  EXPECT_LT(objects.gets(), 80u);
}

// What diff tells of two directories of many shapes is what comparing their lines tells.
TEST(Diff, AgreesWithComparingNamesWhateverTheShapeOfTheNodes) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    unsigned state = seed;
    const auto random = [&](unsigned below) {
      state = state * 1103515245u + 12345u;
      return (state >> 16) % below;
    };
    Lines before;
    Lines after;
    Lines expected;
    const unsigned rarity = 1 + random(20);
    for (int number = 100; number < 160; ++number) {
      const std::string name = "n" + std::to_string(number);
      const unsigned choice = random(rarity + 3);
      if (choice != 0) before.push_back(name + "=");
      if (choice != 1) after.push_back(name + (choice == 2 ? "=new" : "="));
      if (choice <= 2) expected.push_back(std::string(1, "+-C"[choice]) + " " + name);
    }
    MemoryObjects objects;
    const Entry left = build_tree(objects, before, {.edits = {}, .names_per_node = 1 + random(6)});
    const Entry right = build_tree(objects, after, {.edits = {}, .names_per_node = 1 + random(6)});
    ASSERT_EQ(changes(left, right, objects), expected) << "seed " << seed;
  }
}

Entry deep_tree(MemoryObjects& objects, int depth, const std::string& text) {
  Entry root = build_tree(objects, {"f=" + text});
  for (int level = 0; level < depth; ++level) {
    root.name = "d";
    Bytes leaf{1};
    encode_entry(root, leaf);
    root.tree = objects.put(ObjectKind::Tree, leaf);
  }
  root.name.clear();
  return root;
}

TEST(Diff, GoesDownAsDeepAsTheTreeIs) {
  MemoryObjects objects;
  constexpr int kDepth = 20'000;
  const Entry before = deep_tree(objects, kDepth, "1");
  const Entry after = deep_tree(objects, kDepth, "2");
  const Lines lines = changes(before, after, objects);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].size(), 2u + 2 * kDepth + 1);
}

TEST(Diff, NamesThePathOfWhatIsMissing) {
  MemoryObjects objects;
  const Entry before = build_tree(objects, {"a/b/x=1"});
  const Entry after = build_tree(objects, {"a/b/x=2"});
  const Entry broken = build_tree(objects, {"x=2"});
  objects.erase(broken.tree);
  try {
    changes(before, after, objects);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_TRUE(error.message().starts_with("a/b: tree " + broken.tree.short_hex() + ": "))
        << error.message();
  }
}

TEST(Diff, StopsWhenItIsCancelled) {
  MemoryObjects objects;
  Cancellation cancellation;
  cancellation.request();
  EXPECT_THROW(changes(build_tree(objects, {"a=1"}), build_tree(objects, {"a=2"}), objects,
                       {.expand = true, .cancellation = &cancellation}),
               Error);
}

TEST(Diff, OfAPartNamesPathsFromTheRootAndTakesWhatIsMissingForNothing) {
  MemoryObjects objects;
  const Entry part = build_tree(objects, {"f=1", "sub/g=2"});
  Lines lines;
  const auto collect = [&](const Change& change) {
    lines.push_back(letters(change) + " " + change.path);
  };
  DiffOptions options;
  options.path = "a/b";
  diff(nullptr, &part, objects, collect, options);
  EXPECT_EQ(lines, (Lines{"+ a/b", "+ a/b/f", "+ a/b/sub", "+ a/b/sub/g"}));
  lines.clear();
  const Entry changed = build_tree(objects, {"f=1", "sub/g=3"});
  diff(&part, &changed, objects, collect, options);
  EXPECT_EQ(lines, (Lines{"C a/b/sub/g"}));
  diff(nullptr, nullptr, objects, collect, options);
  EXPECT_EQ(lines.size(), 1u);
}

}  // namespace
}  // namespace snapferry::tree
