#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

TEST(EditDistance, CountsInsertedRemovedReplacedAndSwappedLetters) {
  EXPECT_EQ(edit_distance("backup", "backup"), 0u);
  EXPECT_EQ(edit_distance("bakup", "backup"), 1u);
  EXPECT_EQ(edit_distance("backupp", "backup"), 1u);
  EXPECT_EQ(edit_distance("backop", "backup"), 1u);
  EXPECT_EQ(edit_distance("bakcup", "backup"), 1u);
  EXPECT_EQ(edit_distance("", "ls"), 2u);
}

TEST(Suggestion, IsTheNearestWord) {
  EXPECT_EQ(suggestion("bakcup", {"list", "backup", "check"}), "backup");
  EXPECT_EQ(suggestion("--exlude", {"--exclude", "--exclude-from"}), "--exclude");
  EXPECT_EQ(suggestion("sl", {"ls", "cat"}), "ls");
}

TEST(Suggestion, IsNoneWhereNothingIsNear) {
  EXPECT_EQ(suggestion("frobnicate", {"list", "backup", "check"}), "");
  EXPECT_EQ(suggestion("xy", {"ls", "cat"}), "");
}

}  // namespace
}  // namespace snapferry::cli
