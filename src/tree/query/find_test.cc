#include "tree/query/find.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/memory_objects.h"
#include "testing/tree_builder.h"

namespace snapferry::tree {
namespace {

using Lines = std::vector<std::string>;
using testing::build_tree;
using testing::MemoryObjects;

// Snapshots 0, 1, 2, … of hand-written trees.
class Snapshots {
 public:
  void add(const Lines& paths, const testing::TreeOptions& options = {},
           VolumeName volume = {"me", "/home"}) {
    add(build_tree(objects, paths, options), std::move(volume));
  }
  void add(const Entry& root, VolumeName volume) {
    Snapshot snapshot;
    snapshot.id.bytes[0] = static_cast<std::uint8_t>(all.size());
    snapshot.volume = std::move(volume);
    snapshot.time.seconds = static_cast<std::int64_t>(all.size());
    snapshot.root = root;
    all.push_back(snapshot);
  }

  // "PATH: SIZE OLDEST-NEWEST, …" for each path, and the volume before it where asked.
  Lines find(std::string_view pattern, bool with_volume = false) {
    Lines lines;
    for (const FoundPath& path : tree::find(all, pattern, objects).paths) {
      std::string line = (with_volume ? path.volume.text() + " " : "") + path.path + ":";
      for (const FoundVersion& version : path.versions) {
        line += " " + std::to_string(version.entry.size) + " " +
                std::to_string(version.oldest - all.data()) + "-" +
                std::to_string(version.newest - all.data());
      }
      lines.push_back(line);
    }
    return lines;
  }

  MemoryObjects objects;
  std::vector<Snapshot> all;
};

TEST(Find, ListsVersionsNewestFirstAndTheSameContentOnce) {
  Snapshots snapshots;
  snapshots.add({"d/f=1"});
  snapshots.add({"d/f=1", "other=x"});
  snapshots.add({"d/f=333"});
  snapshots.add({"d/f=22"});
  snapshots.add({"d/f=22", "other=y"});
  EXPECT_EQ(snapshots.find("f"), (Lines{"d/f: 2 3-4 3 2-2 1 0-1"}));
}

TEST(Find, JoinsAContentThatCameBack) {
  Snapshots snapshots;
  for (const char* line : {"f=1", "f=22", "g=", "f=1"}) snapshots.add({line});
  EXPECT_EQ(snapshots.find("f"), (Lines{"f: 1 0-3 2 1-1"}));
}

TEST(Find, DoesNotTakeAFileThatWasTouchedForAnother) {
  Snapshots snapshots;
  snapshots.add({"f=1"});
  snapshots.add({"f=1"}, {.edits = {{"f", [](Entry& entry) { entry.mtime.seconds = 9; }}}});
  EXPECT_EQ(snapshots.find("f"), (Lines{"f: 1 0-1"}));
  EXPECT_EQ(
      tree::find(snapshots.all, "f", snapshots.objects).paths[0].versions[0].entry.mtime.seconds,
      9);
}

TEST(Find, FindsWhatOnlyOldSnapshotsHave) {
  Snapshots snapshots;
  snapshots.add({"gone/deep/f=1"});
  snapshots.add({"gone/deep/f=1"});
  snapshots.add({"x="});
  EXPECT_EQ(snapshots.find("f"), (Lines{"gone/deep/f: 1 0-1"}));
}

TEST(Find, MatchesNamesWithoutAndPathsWithASlash) {
  Snapshots snapshots;
  snapshots.add({"a.c=", "src/a.c=", "src/sub/b.c=", "src/sub/b.h="});
  EXPECT_EQ(snapshots.find("*.c"), (Lines{"a.c: 0 0-0", "src/a.c: 0 0-0", "src/sub/b.c: 0 0-0"}));
  EXPECT_EQ(snapshots.find("/*.c"), (Lines{"a.c: 0 0-0"}));
  EXPECT_EQ(snapshots.find("src/*.c"), (Lines{"src/a.c: 0 0-0"}));
  EXPECT_EQ(snapshots.find("src/**/b.?"), (Lines{"src/sub/b.c: 0 0-0", "src/sub/b.h: 0 0-0"}));
  EXPECT_EQ(snapshots.find("/src/sub/b.c"), (Lines{"src/sub/b.c: 0 0-0"}));
  EXPECT_EQ(snapshots.find("nothing"), Lines{});
  EXPECT_EQ(snapshots.find("a.c/b"), Lines{});
}

TEST(Find, FindsDirectoriesOnlyWithATrailingSlash) {
  Snapshots snapshots;
  snapshots.add({"x=", "d/x/f="});
  snapshots.add({"x=", "d/x/g="});
  EXPECT_EQ(snapshots.find("x/"), (Lines{"d/x: 0 0-1"}));
  EXPECT_EQ(snapshots.find("d/x/"), (Lines{"d/x: 0 0-1"}));
  EXPECT_EQ(snapshots.find("x"), (Lines{"d/x: 0 0-1", "x: 0 0-1"}));
}

TEST(Find, TellsTypesApart) {
  Snapshots snapshots;
  snapshots.add({"x="});
  snapshots.add({"x->target"});
  snapshots.add({"x/"});
  EXPECT_EQ(snapshots.find("x"), (Lines{"x: 0 2-2 0 1-1 0 0-0"}));
  EXPECT_EQ(snapshots.find("x/"), (Lines{"x: 0 2-2"}));
}

TEST(Find, TakesPathsFromTheRootOfTheHostToo) {
  Snapshots snapshots;
  snapshots.add({"anna/f=1"}, {}, {"me", "/home"});
  snapshots.add({"anna/f=22"}, {}, {"web", "/"});
  snapshots.add({"home/anna/f=333"}, {}, {"web", "/"});
  EXPECT_EQ(snapshots.find("/home/anna/*", true),
            (Lines{"me:/home anna/f: 1 0-0", "web:/ home/anna/f: 3 2-2"}));
}

TEST(Find, KeepsVolumesApart) {
  Snapshots snapshots;
  snapshots.add({"f=1"}, {}, {"b", "/x"});
  snapshots.add({"f=1"}, {}, {"a", "/x"});
  snapshots.add({"f=1"}, {}, {"b", "/x"});
  EXPECT_EQ(snapshots.find("f", true), (Lines{"a:/x f: 1 1-1", "b:/x f: 1 0-2"}));
}

TEST(Find, KnowsAVolumeThatIsAFileByItsName) {
  Snapshots snapshots;
  Entry root;
  root.size = 1;
  root.content.runs = {{1, std::nullopt}};
  snapshots.add(root, {"me", "/etc/hosts"});
  snapshots.add(root, {"me", "stdin:dump"});
  EXPECT_EQ(snapshots.find("h*s", true), (Lines{"me:/etc/hosts : 1 0-0"}));
  EXPECT_EQ(snapshots.find("dump", true), (Lines{"me:stdin:dump : 1 1-1"}));
}

TEST(Find, TakesMarksOfExcludeFilesAsTheyAre) {
  Snapshots snapshots;
  snapshots.add({"#a=", "!b=", "c  =", "c="});
  EXPECT_EQ(snapshots.find("#a"), (Lines{"#a: 0 0-0"}));
  EXPECT_EQ(snapshots.find("!b"), (Lines{"!b: 0 0-0"}));
  EXPECT_EQ(snapshots.find("c  "), (Lines{"c  : 0 0-0"}));
  EXPECT_EQ(snapshots.find("c"), (Lines{"c: 0 0-0"}));
}

TEST(Find, CostsWhatDiffersBetweenManySnapshots) {
  Snapshots snapshots;
  Lines lines;
  for (int directory = 0; directory < 100; ++directory) {
    for (int file = 0; file < 10; ++file) {
      lines.push_back("d" + std::to_string(directory) + "/f" + std::to_string(file) + "=");
    }
  }
  for (int snapshot = 0; snapshot < 100; ++snapshot) {
    lines.back() = "d99/f9=" + std::to_string(snapshot / 50);
    snapshots.add(lines);
  }
  snapshots.objects.reset_counters();
  EXPECT_EQ(snapshots.find("f9").size(), 100u);
  EXPECT_LT(snapshots.objects.gets(), 110u);
}

TEST(Find, ReadsOnlyTheDirectoriesThatThePatternNames) {
  Snapshots snapshots;
  Lines lines{"a/b/wanted=1"};
  for (int directory = 0; directory < 100; ++directory) {
    lines.push_back("a/d" + std::to_string(directory) + "/wanted=");
  }
  snapshots.add(lines);
  snapshots.objects.reset_counters();
  EXPECT_EQ(snapshots.find("a/b/w*"), (Lines{"a/b/wanted: 1 0-0"}));
  EXPECT_LE(snapshots.objects.gets(), 3u);
}

TEST(Find, FollowsADirectoryThatThePatternNamesThroughTime) {
  Snapshots snapshots;
  snapshots.add({"a/f=1"});
  snapshots.add({"a=file"});
  snapshots.add({"b="});
  snapshots.add({"a/f=22"});
  EXPECT_EQ(snapshots.find("a/f"), (Lines{"a/f: 2 3-3 1 0-0"}));
}

TEST(Find, TellsWhereItCouldNotLook) {
  Snapshots snapshots;
  const auto left_out = [](Entry& entry) {
    entry.left_out = LeftOut::Excluded;
    entry.tree = {};
  };
  snapshots.add({"a/cache/", "b/cache/", "f=1"},
                {.edits = {{"a/cache", left_out}, {"b/cache", left_out}}});
  snapshots.add({"a/cache/", "b/cache/g=1"}, {.edits = {{"a/cache", left_out}}});
  const auto gaps = [&](std::string_view pattern) {
    Lines lines;
    for (const NotSearched& gap : find(snapshots.all, pattern, snapshots.objects).not_searched) {
      lines.push_back(gap.path + " " + std::to_string(gap.newest - snapshots.all.data()));
    }
    return lines;
  };
  EXPECT_EQ(gaps("*.c"), (Lines{"a/cache 1", "b/cache 0"}));
  EXPECT_EQ(gaps("/home/a/cache/x"), (Lines{"a/cache 1"}));
  EXPECT_EQ(gaps("b/*/x/y"), (Lines{"b/cache 0"}));
  EXPECT_EQ(gaps("/a/f"), Lines{});
  EXPECT_EQ(gaps("a/cache"), Lines{});
}

TEST(Find, TakesAFullPathForWhatItMeansOnTheHost) {
  Snapshots snapshots;
  snapshots.add({"anna/f=1"});
  snapshots.add({"anna/f=1"}, {}, {"me", "btrfs:/home"});
  for (const char* pattern : {"/home/anna/f", "/home//anna/./f", "/home/*/f", "/*/anna/f"}) {
    const bool wide = std::string_view(pattern).starts_with("/*");
    EXPECT_EQ(snapshots.find(pattern).size(), wide ? 0u : 2u) << pattern;
  }
}

TEST(Find, NamesTheSnapshotAndThePathOfDamage) {
  Snapshots snapshots;
  snapshots.add({"a/f=1"});
  const Entry lost = build_tree(snapshots.objects, {"f=1"});
  snapshots.objects.erase(lost.tree);
  try {
    snapshots.find("f");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_TRUE(error.message().starts_with("snapshot 00000000: a: tree ")) << error.message();
  }
}

TEST(Find, RefusesABadPatternEvenWithoutSnapshots) { EXPECT_THROW(Snapshots().find("[a"), Error); }

}  // namespace
}  // namespace snapferry::tree
