#include "agent/list_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fake_view.h"

namespace snapferry::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kEach = 10'000;

// The directories that a walk from `directory` on comes to, each counted as kEach.
std::vector<std::string> walked(SnapshotView& view, const std::string& directory,
                                std::size_t limit = 100 * kEach) {
  std::vector<std::string> visited;
  const auto visit = [&](const std::string& path, std::uint32_t first, const DirectoryPart&) {
    visited.push_back(first == 0 ? path : path + ":" + std::to_string(first));
    return kEach;
  };
  ListWalk(view, limit, visit).go_on_from(directory, 0, view.list(directory, 0));
  return visited;
}

class WalkedView : public ::testing::Test {
 protected:
  testing::FakeView view_{{{"a/b/1", ""}, {"a/c/d/2", ""}, {"a/file", ""}, {"e/3", ""}, {"f", ""}},
                          "snapshot"};
};

TEST_F(WalkedView, GoesDeepBeforeItGoesOn) {
  EXPECT_THAT(walked(view_, ""), ElementsAre("a", "a/b", "a/c", "a/c/d", "e"));
}

TEST_F(WalkedView, GoesOnBehindWhereItBegins) {
  EXPECT_THAT(walked(view_, "a/b"), ElementsAre("a/c", "a/c/d", "e"));
  EXPECT_THAT(walked(view_, "a/c/d"), ElementsAre("e"));
  EXPECT_THAT(walked(view_, "e"), IsEmpty());
}

TEST_F(WalkedView, EndsAtItsLimit) {
  EXPECT_THAT(walked(view_, "", 2 * kEach), ElementsAre("a", "a/b"));
  EXPECT_THAT(walked(view_, "", 0), IsEmpty());
}

TEST(BigWalkedView, TakesTheRestOfADirectoryFirst) {
  testing::PlaceFiles files;
  for (int i = 0; i < 300; ++i) files[std::to_string(1000 + i) + "/f"] = "";
  testing::FakeView view(files, "snapshot");
  const auto visited = walked(view, "", 5 * kEach);
  EXPECT_THAT(visited, ElementsAre(":128", ":256", "1000", "1001", "1002"));
  // What is looked at on the way counts, too.
  const auto behind = walked(view, "1200", 4 * kEach);
  EXPECT_THAT(behind, ElementsAre("1201", "1202", "1203", "1204"));
  EXPECT_THAT(walked(view, "1200", 10), IsEmpty());
}

}  // namespace
}  // namespace snapferry::agent
