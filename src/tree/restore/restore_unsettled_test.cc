// What the backup could not save as it was comes back, and is not taken for what it was.
#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

class RestoreUnsettled : public Restore {};

Node torn_tree() {
  return directory("", {file("quiet", "1"), file("torn", "2").unsettled(),
                        directory("sub", {file("deep", "3").unsettled(), file("whole", "4"),
                                          symlink("link", "x").unsettled()})
                            .unsettled()});
}

TEST_F(RestoreUnsettled, NamesAndCountsWhatIsNotAsItWas) {
  const auto stats = run(torn_tree());
  EXPECT_EQ(content(at("torn")), "2");
  EXPECT_EQ(content(at("sub/deep")), "3");
  EXPECT_EQ(stats.unsettled, 4u);
  EXPECT_EQ(stats.failed + stats.incomplete, 0u);
  ASSERT_EQ(stats.limitations.size(), 1u);
  EXPECT_NE(stats.limitations[0].find("not as it was"), std::string::npos);
  EXPECT_NE(stats.limitations[0].find("(4 paths: "), std::string::npos) << stats.limitations[0];
}

TEST_F(RestoreUnsettled, SaysTheSameInADryRunAndWhereItIsInPlaceAlready) {
  options_.dry_run = true;
  EXPECT_EQ(run(torn_tree()).unsettled, 4u);
  options_.dry_run = false;
  run(torn_tree());
  EXPECT_EQ(run(torn_tree()).unsettled, 4u);
}

TEST_F(RestoreUnsettled, OfAPartSpeaksOfThatPartAlone) {
  options_.paths = {"quiet"};
  EXPECT_EQ(run(torn_tree()).unsettled, 0u);
  options_.paths = {"sub/deep"};
  const auto stats = run(torn_tree());
  // The directory was made for it, as the snapshot has it.
  EXPECT_EQ(stats.unsettled, 2u);
  options_.paths = {"sub/whole"};
  EXPECT_EQ(run(torn_tree()).unsettled, 0u) << "the directory was there";
}

TEST_F(RestoreUnsettled, SaysNothingOfWhatStaysAsItIs) {
  run(torn_tree());
  options_.overwrite = Overwrite::Never;
  EXPECT_EQ(run(torn_tree()).unsettled, 0u);
}

}  // namespace
}  // namespace snapferry::testing
