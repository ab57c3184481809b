// What `forget` and `prune` remove from repositories.
#include "cli/test_source.h"

namespace snapferry::cli {
namespace {

TEST_F(Program, ForgetsAWholeVolumeOnlyWhereThatIsSaid) {
  init();
  back_up();
  back_up();
  ok({"backup", source_ + "/docs"});
  const Outcome refused = run({"forget", source_});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(contains(refused.err, "--all")) << refused.err;
  EXPECT_EQ(run({"forget", source_, "--all"}).code, 2);  // nobody to ask, and no --yes
  program_.answers = {"n"};
  EXPECT_NE(run({"forget", source_, "--all"}).code, 0);
  EXPECT_EQ(lines_of(ok({"forget", source_, "--all", "--dry-run", "--json"})).size(), 2u);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 3u);
  program_.answers = {"y"};
  ok({"forget", source_, "--all"});
  const auto left = lines_of(ok({"list", "--json"}));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0]["path"], source_ + "/docs");
}

TEST_F(Program, PrunesTheVolumesThatAreNamed) {
  init();
  back_up();
  back_up();
  ok({"backup", source_ + "/docs"});
  ok({"backup", source_ + "/docs"});
  EXPECT_TRUE(
      contains(ok({"prune", source_ + "/docs", "--keep-last", "1"}), "removed 1 snapshot, 1 kept"));
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 3u);
}

TEST_F(Program, PrunesByRulesAndSaysWhy) {
  init();
  for (int i = 0; i < 3; ++i) back_up();
  const std::string plan = ok({"prune", "--keep-last", "1", "--dry-run"});
  EXPECT_TRUE(contains(plan, "would remove 2 snapshots, 1 kept")) << plan;
  write_file(source_ + "/big", std::string(100'000, 'b'));
  back_up();
  fs::remove(source_ + "/big");
  back_up();
  const auto foreseen = lines_of(ok({"prune", "--keep-last", "1", "--dry-run", "--json"})).back();
  EXPECT_GT(foreseen["bytes_freed"], 0);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 5u);
  const auto lines = lines_of(ok({"prune", "--keep-last", "1", "--json"}));
  EXPECT_EQ(lines.back()["bytes_freed"], foreseen["bytes_freed"]);
  EXPECT_EQ(lines[0]["keep"], true);
  EXPECT_FALSE(lines[0]["reasons"].empty());
  EXPECT_EQ(lines.back()["snapshots_removed"], 4);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 1u);
  EXPECT_EQ(run({"prune", "--keep-last", "0"}).code, 2);
}

TEST_F(Program, PruneWithoutRulesRemovesNoSnapshot) {
  init();
  back_up();
  back_up();
  ok({"prune"});
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 2u);
}

TEST_F(Program, ForgetsAllOrNothing) {
  init();
  const std::string first = back_up();
  back_up();
  EXPECT_EQ(run({"forget", first, "ffffffffffffffff"}).code, 1);
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 2u);
  ok({"forget", first, first});
  EXPECT_EQ(lines_of(ok({"list", "--json"})).size(), 1u);
}

}  // namespace
}  // namespace snapferry::cli
