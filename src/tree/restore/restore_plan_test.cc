#include "tree/restore/restore_plan.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/file_tree.h"
#include "testing/memory_objects.h"

namespace snapferry::tree {
namespace {

using snapferry::testing::directory;
using snapferry::testing::file;
using snapferry::testing::MemoryObjects;
using snapferry::testing::snapshot_of;

// "name*" is wholly chosen, "name(…)" in parts.
std::string show(const RestorePlan& plan) {
  std::string text = plan.entry.name + (plan.whole ? "*" : "");
  if (plan.children.empty()) return text;
  text += "(";
  for (const RestorePlan& child : plan.children) text += " " + show(child);
  return text + " )";
}

class RestorePlanOf : public ::testing::Test {
 protected:
  std::string plan(const std::vector<std::string>& paths) {
    return show(plan_restore(snapshot_, paths, TreeReader(objects_)));
  }

  MemoryObjects objects_;
  Snapshot snapshot_ = snapshot_of(
      directory("",
                {directory("a", {file("x"), file("y"), directory("b", {file("z")})}), file("f")}),
      objects_);
};

TEST_F(RestorePlanOf, NoPathsIsEverything) { EXPECT_EQ(plan({}), "*"); }

TEST_F(RestorePlanOf, TheRootByAnyNameIsEverything) {
  for (const char* path : {"", "/", ".", "./", "//"}) EXPECT_EQ(plan({"f", path}), "*") << path;
}

TEST_F(RestorePlanOf, PathsMeetInTheirDirectories) {
  EXPECT_EQ(plan({"f", "a/y", "/a//b/", "a/./b/z"}), "( a( b* y* ) f* )");
  EXPECT_EQ(plan({"a/x", "a", "a/y"}), "( a* )");
}

TEST_F(RestorePlanOf, WhatIsNotThereIsNotFound) {
  for (const char* path : {"g", "a/g", "f/g", "a/x/y", "f/."}) {
    if (std::string(path) == "f/.") {
      EXPECT_EQ(plan({path}), "( f* )");
      continue;
    }
    try {
      plan({"f", path});
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::NotFound);
      EXPECT_NE(error.message().find(path), std::string::npos);
    }
  }
}

TEST_F(RestorePlanOf, ParentPartsAreRefused) {
  for (const char* path : {"..", "a/../f", "../../etc"}) EXPECT_THROW(plan({path}), Error) << path;
}

TEST_F(RestorePlanOf, ASingleFileGetsTheLastPartOfItsVolume) {
  snapshot_ = snapshot_of(file("", "x"), objects_);
  const std::vector<std::pair<std::string, std::string>> names = {
      {"/etc/passwd", "passwd"}, {"/a/", "a"},           {"stdin:dump", "dump"}, {"stdin:a/b", "b"},
      {"/", "restored"},         {"stdin:", "restored"}, {"/x/..", "restored"}};
  for (const auto& [path, name] : names) {
    snapshot_.volume.path = path;
    EXPECT_EQ(plan({}), "( " + name + "* )");
    EXPECT_EQ(plan({name}), "( " + name + "* )");
    EXPECT_THROW(plan({"other"}), Error);
  }
}

}  // namespace
}  // namespace snapferry::tree
