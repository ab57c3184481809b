#include "tree/query/restore_choice.h"

#include <gtest/gtest.h>

#include "testing/errors.h"
#include "testing/memory_objects.h"
#include "testing/tree_builder.h"

namespace snapferry::tree {
namespace {

using Paths = std::vector<std::string>;

class RestoreChoiceOf : public ::testing::Test {
 protected:
  RestoreChoiceOf() {
    const auto left_out = [](Entry& entry) {
      entry.left_out = LeftOut::Excluded;
      entry.tree = {};
    };
    snapshot_.volume = {"me", "/home"};
    snapshot_.root =
        testing::build_tree(objects_,
                            {"anna/notes=1", "anna/docs/a.odt=2", "anna/docs/b.o=3", "anna/.cache/",
                             "ben/notes=4", "ben/docs/c.odt=5", "x*y=6", "xzy=7"},
                            {.edits = {{"anna/.cache", left_out}}});
    objects_.reset_counters();
  }

  static ExcludeRules rules(const Paths& patterns) {
    std::vector<ExcludePattern> given;
    for (const std::string& pattern : patterns) given.push_back({pattern, {}});
    return {given, {.roots = {"/home"}}};
  }

  Paths choose(const Paths& paths, const Paths& includes = {}, const Paths& excludes = {}) {
    const RestoreChoice choice =
        choose_restore(snapshot_, {paths, rules(includes), rules(excludes)}, objects_);
    left_out_ = choice.left_out;
    return choice.paths;
  }

  testing::MemoryObjects objects_;
  Snapshot snapshot_;
  LeftOutSummary left_out_;
};

TEST_F(RestoreChoiceOf, NothingSaidIsEverything) {
  EXPECT_EQ(choose({}), Paths{});
  EXPECT_EQ(choose({"anna", "/"}), Paths{});
  EXPECT_EQ(objects_.gets(), 1u);
}

TEST_F(RestoreChoiceOf, PathsWithWildcardsAreAllThatMatchThem) {
  EXPECT_EQ(choose({"*/notes"}), (Paths{"anna/notes", "ben/notes"}));
  EXPECT_EQ(choose({"/*/docs/*.odt"}), (Paths{"anna/docs/a.odt", "ben/docs/c.odt"}));
  EXPECT_EQ(choose({"**/*.o", "ben"}), (Paths{"anna/docs/b.o", "ben"}));
  EXPECT_EQ(choose({"[ab]*/"}), (Paths{"anna", "ben"}));
}

TEST_F(RestoreChoiceOf, FullPathsWithWildcardsAreThoseOfTheHost) {
  EXPECT_EQ(choose({"/home/*/notes"}), (Paths{"anna/notes", "ben/notes"}));
}

TEST_F(RestoreChoiceOf, WhatIsThereAsItIsWrittenIsNoPattern) {
  EXPECT_EQ(choose({"x*y"}), (Paths{"x*y"}));
  EXPECT_EQ(choose({"x?y"}), (Paths{"x*y", "xzy"}));
}

TEST_F(RestoreChoiceOf, ReadsOnlyTheDirectoriesInWhichAPatternMayMatch) {
  EXPECT_EQ(choose({"ben/n*"}), (Paths{"ben/notes"}));
  EXPECT_LE(objects_.gets(), 4u);
}

TEST_F(RestoreChoiceOf, IncludesNarrowWhatWasChosen) {
  EXPECT_EQ(choose({}, {"*.odt"}), (Paths{"anna/docs/a.odt", "ben/docs/c.odt"}));
  EXPECT_EQ(choose({"ben"}, {"*.odt", "notes"}), (Paths{"ben/docs/c.odt", "ben/notes"}));
  EXPECT_EQ(choose({"anna/docs/b.o"}, {"docs/", "anna/"}), (Paths{"anna/docs/b.o"}));
  EXPECT_ERROR(choose({}, {"/home/anna/docs", "!docs"}), ErrorKind::NotFound);
}

TEST_F(RestoreChoiceOf, ExcludesWinHoweverSomethingWasAskedFor) {
  EXPECT_EQ(choose({"*/notes"}, {}, {"/anna"}), (Paths{"ben/notes"}));
  EXPECT_EQ(choose({"anna/docs/a.odt", "ben"}, {}, {"anna/docs/"}), (Paths{"ben"}));
  EXPECT_EQ(choose({}, {"*.odt"}, {"ben/docs"}), (Paths{"anna/docs/a.odt"}));
}

TEST_F(RestoreChoiceOf, TellsWhereThingsWereLeftOutThatMayHaveMatched) {
  choose({}, {"notes"});
  EXPECT_EQ(left_out_.groups().at(LeftOut::Excluded).paths, std::set<std::string>{"anna/.cache"});
  choose({}, {"/anna/docs"});
  EXPECT_TRUE(left_out_.groups().empty());
}

TEST_F(RestoreChoiceOf, ThrowsWhereNothingIsThere) {
  EXPECT_ERROR(choose({"carl"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({"c*"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({}, {"*.pdf"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({"anna"}, {}, {"anna"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({"anna/.cache/x"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({"anna/.cache/*"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({"../x*"}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(choose({"x["}), ErrorKind::InvalidArgument);
}

TEST_F(RestoreChoiceOf, AVolumeOfOneFileGoesByItsName) {
  snapshot_.volume.path = "/etc/hosts";
  snapshot_.root = Entry{};
  snapshot_.root.type = EntryType::File;
  EXPECT_EQ(choose({"hosts"}, {"h*"}), (Paths{"hosts"}));
  EXPECT_ERROR(choose({}, {}, {"hosts"}), ErrorKind::NotFound);
  EXPECT_ERROR(choose({}, {"passwd"}), ErrorKind::NotFound);
}

}  // namespace
}  // namespace snapferry::tree
