#include "core/expectation.h"

#include <gtest/gtest.h>

namespace snapferry {
namespace {

using Names = std::set<std::string>;

TEST(Expectations, OfOneJobForEachVolumeAddUp) {
  HostExpectations host = changed({}, {.set = "default", .missing = {"/a"}});
  host = changed(host, {.set = "default", .missing = {"/b"}});
  EXPECT_EQ(host.awaited.at("default"), (Names{"/a", "/b"}));
  host = changed(host, {.set = "default", .arrived = {"/b"}});
  EXPECT_EQ(host.awaited.at("default"), Names{"/a"});
  EXPECT_TRUE(changed(host, {.set = "default", .arrived = {"/a"}}).empty());
}

TEST(Expectations, OfOneSetAreNotThoseOfAnother) {
  const auto host = changed({}, {.set = "one", .missing = {"/a"}});
  EXPECT_EQ(changed(host, {.set = "two", .arrived = {"/a"}}), host);
  EXPECT_TRUE(changed(host, {.set = "one", .settled = {"/a"}}).empty());
}

TEST(Expectations, AreToldNoMoreThanWhatChangesThem) {
  HostExpectations host = changed({}, {.set = "s", .missing = {"/a", "/b"}});
  host = changed(host, {.retire = {{"/r", {}}}});
  const ExpectationChange all{
      .set = "s", .missing = {"/a", "/c"}, .arrived = {"/b", "/r", "/x"}, .settled = {"/y"}};
  const auto less = reduced(all, host);
  EXPECT_EQ(less.missing, std::vector<std::string>{"/c"});
  EXPECT_EQ(less.arrived, (std::vector<std::string>{"/b", "/r"}));
  EXPECT_TRUE(less.settled.empty());
  EXPECT_EQ(changed(host, less), changed(host, all));
}

TEST(Retirement, EndsByABackupAndByWord) {
  const auto host = changed({}, {.set = {}, .retire = {{"/a", {7, 100}}}});
  EXPECT_EQ(host.retired.at("/a"), (Arrival{7, 100}));
  EXPECT_TRUE(is_still_retired({7, 100}, {7, 100}));
  EXPECT_TRUE(is_still_retired({7, 100}, {5, 0})) << "its newest snapshots were forgotten";
  EXPECT_FALSE(is_still_retired({7, 100}, {8, 100}));
  EXPECT_FALSE(is_still_retired({7, 100}, {7, 200})) << "a run found it unchanged";
  EXPECT_TRUE(changed(host, {.set = "default", .arrived = {"/a"}}).empty());
  EXPECT_TRUE(changed(host, {.expect_again = {"/a"}}).empty());
  EXPECT_EQ(changed(host, {.set = "default", .settled = {"/a"}}), host);
}

TEST(Retirement, OfWhatNeverArrivedOutlastsFurtherRuns) {
  auto host = changed({}, {.set = "default", .missing = {"/a"}});
  host = changed(host, {.retire = {{"/a", {}}}});
  host = changed(host, {.set = "default", .missing = {"/a"}});
  EXPECT_TRUE(host.retired.contains("/a"));
  EXPECT_TRUE(is_still_retired(host.retired.at("/a"), {}));
}

TEST(Expectations, ThatTwoProcessesWroteAtOnceAreBothKept) {
  const auto one = changed({}, {.set = "default", .missing = {"/a"}, .retire = {{"/x", {3, 0}}}});
  const auto other = changed({}, {.set = "default", .missing = {"/b"}, .retire = {{"/x", {5, 0}}}});
  EXPECT_EQ(merged(one, other).awaited.at("default"), (Names{"/a", "/b"}));
  EXPECT_EQ(merged(one, other).retired.at("/x").order, 5u);
  EXPECT_EQ(merged(other, one), merged(one, other));
}

TEST(Expectations, AreBoundedInNumberAndSize) {
  ExpectationChange flood{.set = "default"};
  for (std::size_t i = 0; i < 2 * kMostExpected; ++i) {
    flood.missing.push_back("/" + std::to_string(i));
  }
  flood.missing.emplace_back(kLongestExpected + 1, 'x');
  EXPECT_EQ(changed({}, flood).awaited.at("default").size(), kMostExpected);
}

TEST(Expectations, OfAPatternAreMetByWhatItCovers) {
  EXPECT_TRUE(is_awaited_as("zfs:tank/**", "zfs:tank/db"));
  EXPECT_FALSE(is_awaited_as("zfs:tank/**", "zfs:pool"));
  EXPECT_FALSE(is_awaited_as("/srv/*", "/srv/a")) << "a PATH is no pattern";
  EXPECT_TRUE(is_awaited_as("/srv/*", "/srv/*"));
}

TEST(ExpectationText, GivesBackAnyNames) {
  HostExpectations host;
  host.awaited["a set"] = {"/a;b %\n\xff", "zfs:tank/**"};
  host.awaited["other"] = {"/x"};
  host.retired["btrfs:/old home"] = {~std::uint64_t{0}, -1};
  EXPECT_EQ(decode_expectations(encode_expectations(host)), host);
  EXPECT_EQ(encode_expectations({}), "");
  EXPECT_EQ(encode_expectations(host).find('\n'), std::string::npos);
}

TEST(ExpectationText, ThatCannotBeReadExpectsNothingAndHidesNothing) {
  EXPECT_TRUE(decode_expectations(";;a;a x;a x %;r 1 /a;r x 1 /a;z s /a;a s %4").empty());
  const auto host = decode_expectations("r 99999999999999999999999 0 /a;a s /b;\xff");
  EXPECT_TRUE(host.retired.empty());
  EXPECT_EQ(host.awaited.at("s"), Names{"/b"});
}

TEST(ExpectationText, KeepsWhatFitsAndWhatIsRetiredFirst) {
  HostExpectations host;
  host.awaited["s"] = {"/a", "/b"};
  host.retired["/c"] = {1, 0};
  const auto whole = encode_expectations(host);
  EXPECT_EQ(encode_expectations(host, whole.size()), whole);
  const auto less = decode_expectations(encode_expectations(host, whole.size() - 1));
  EXPECT_EQ(less.awaited.at("s"), Names{"/a"});
  EXPECT_TRUE(less.retired.contains("/c"));
}

}  // namespace
}  // namespace snapferry
