#include "core/expectation.h"

#include <gtest/gtest.h>

namespace snapferry {
namespace {

using Names = std::set<std::string>;

HostExpectations after(HostExpectations before, const ExpectationChange& change) {
  auto result = changed(std::move(before), change);
  EXPECT_TRUE(result.left_out.empty());
  return std::move(result.now);
}

ExpectationChange retire(const std::string& set, const std::string& name, const Arrival& arrival) {
  return {.retire = {{set, {{name, arrival}}}}};
}

TEST(Expectations, OfOneJobForEachVolumeAddUp) {
  HostExpectations host = after({}, {.set = "default", .missing = {"/a"}});
  host = after(host, {.set = "default", .missing = {"/b"}});
  EXPECT_EQ(host.awaited.at("default"), (Names{"/a", "/b"}));
  host = after(host, {.set = "default", .settled = {"/b"}});
  EXPECT_EQ(host.awaited.at("default"), Names{"/a"});
  EXPECT_TRUE(after(host, {.set = "default", .settled = {"/a"}}).empty());
}

TEST(Expectations, OfOneSetAreNotThoseOfAnother) {
  const auto host = after({}, {.set = "one", .missing = {"/a"}});
  EXPECT_EQ(after(host, {.set = "two", .settled = {"/a"}}), host);
  EXPECT_TRUE(after(host, {.set = "one", .settled = {"/a"}}).empty());
}

TEST(Expectations, AreToldNoMoreThanWhatChangesThem) {
  HostExpectations host = after({}, {.set = "s", .missing = {"/a", "/b", "/r"}});
  host = after(host, retire("s", "/r", {}));
  const ExpectationChange all{
      .set = "s", .missing = {"/a", "/c", "/r"}, .settled = {"/b", "/r", "/y"}};
  const auto less = reduced(all, host);
  EXPECT_EQ(less.missing, std::vector<std::string>{"/c"});
  EXPECT_EQ(less.settled, std::vector<std::string>{"/b"});
  EXPECT_EQ(after(host, less), after(host, all));
}

TEST(Retirement, EndsByWhatWasNotThereThen) {
  EXPECT_TRUE(is_still_retired({"b2", 100}, {"b2", 100}));
  EXPECT_TRUE(is_still_retired({"b2", 100}, {"b2", 0}));
  EXPECT_FALSE(is_still_retired({"b2", 100}, {"c3", 0}));
  EXPECT_FALSE(is_still_retired({"b2", 100}, {"b2", 200})) << "a run found it unchanged";
  EXPECT_FALSE(is_still_retired({"b2", 900}, {"b2", 200})) << "and the clock was ahead before";
  EXPECT_FALSE(is_still_retired({"b2", 100}, {})) << "nothing is left, so what comes is new";
  EXPECT_TRUE(is_still_retired({}, {}));
  EXPECT_FALSE(is_still_retired({}, {"a1", 0}));
}

TEST(Retirement, IsOfOneSetAndNoRunTakesItBack) {
  const auto host = after({}, retire("weekly", "/a", {"b2", 100}));
  EXPECT_EQ(host.retired.at("weekly").at("/a"), (Arrival{"b2", 100}));
  EXPECT_EQ(after(host, {.set = "weekly", .settled = {"/a"}}), host);
  EXPECT_EQ(after(host, {.set = "weekly", .missing = {"/a"}}).retired, host.retired);
  EXPECT_EQ(after(host, {.expect_again = {{"hourly", {"/a"}}}}), host);
  EXPECT_TRUE(after(host, {.expect_again = {{"weekly", {"/a"}}}}).empty());
  EXPECT_TRUE(after(host, {.ended = {{"weekly", {"/a"}}}}).empty());
}

TEST(Retirement, OfWhatNeverArrivedTakesThePlaceOfWhatWasAwaited) {
  const auto awaited = after({}, {.set = "default", .missing = {"/a"}});
  const auto host = after(awaited, retire("default", "/a", {}));
  EXPECT_TRUE(host.awaited.empty());
  EXPECT_EQ(after(host, {.set = "default", .missing = {"/a"}}), host) << "the job goes on failing";
  EXPECT_EQ(after(host, {.expect_again = {{"default", {"/a"}}}}), awaited);
  const auto elsewhere = after(host, {.set = "other", .missing = {"/a"}});
  EXPECT_EQ(elsewhere.awaited.at("other"), Names{"/a"});
}

TEST(Expectations, ThatTwoProcessesWroteAtOnceAreBothKept) {
  auto one = after({}, {.set = "default", .missing = {"/a", "/n"}});
  one = after(one, retire("default", "/x", {"b2", 0}));
  auto other = after({}, {.set = "default", .missing = {"/b"}});
  other = after(other, retire("default", "/x", {"c3", 0}));
  other = after(other, retire("default", "/n", {}));
  EXPECT_EQ(merged(one, other).awaited.at("default"), (Names{"/a", "/b"}));
  EXPECT_EQ(merged(one, other).retired.at("default").at("/x").newest, "c3");
  EXPECT_EQ(merged(other, one), merged(one, other));
}

TEST(Expectations, ThatThereIsNoRoomForAreSaidAndTakeNoOthersPlace) {
  ExpectationChange flood{.set = "default"};
  for (std::size_t i = 0; i < kMostExpected + 10; ++i) {
    flood.missing.push_back("/" + std::to_string(i));
  }
  flood.missing.emplace_back(kLongestExpected + 1, 'x');
  const auto full = changed({}, flood);
  EXPECT_EQ(full.now.awaited.at("default").size(), kMostExpected);
  EXPECT_EQ(full.left_out.size(), 11u);
  EXPECT_EQ(full.left_out.front().volume, "/" + std::to_string(kMostExpected));
  EXPECT_TRUE(full.now.full);
  const auto room = after(full.now, {.set = "default", .settled = {"/0"}});
  EXPECT_FALSE(room.full);
  EXPECT_EQ(after(room, {.set = "default", .missing = {"/real"}}).awaited.at("default").size(),
            kMostExpected);
}

TEST(Expectations, DropNothingForARetirementThatThereIsNoRoomFor) {
  const auto host = after({}, {.set = "s", .missing = {"/a", "/b"}});
  const std::size_t size = encode_expectations(host).size();
  const auto full = changed(host, retire("s", "/c", {"b2", 0}), {.bytes = size + 8});
  EXPECT_EQ(full.now, host);
  ASSERT_EQ(full.left_out.size(), 1u);
  EXPECT_EQ(full.left_out.front().volume, "/c");
  const auto retired = changed(host, retire("s", "/a", {}), {.bytes = size + 8});
  EXPECT_TRUE(retired.left_out.empty()) << "it takes the place of what was awaited";
  EXPECT_EQ(retired.now.awaited.at("s"), Names{"/b"});
}

TEST(Expectations, FitIntoTheRoomThatTheyWereMeasuredBy) {
  HostExpectations host;
  const ExpectationRoom room{.bytes = 500};
  for (int i = 0; i < 100; ++i) {
    const auto name = "/a name " + std::to_string(i);
    host = changed(host, {.set = "s", .missing = {name}}, room).now;
    if (i % 3 == 0) host = changed(host, retire("s", name, {"b2", i}), room).now;
    if (i % 7 == 0) host = changed(host, {.set = "s", .settled = {name}}, room).now;
    EXPECT_LE(encode_expectations(host).size(), room.bytes);
    EXPECT_EQ(decode_expectations(encode_expectations(host)), host);
  }
  EXPECT_TRUE(host.full);
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
  host.retired["other"]["btrfs:/old home"] = {"00ff", -1};
  host.retired[""]["/x"] = {};
  host.full = true;
  EXPECT_EQ(decode_expectations(encode_expectations(host)), host);
  EXPECT_EQ(encode_expectations({}), "");
  EXPECT_EQ(encode_expectations(host).find('\n'), std::string::npos);
}

TEST(ExpectationText, ThatCannotBeReadExpectsNothingAndHidesNothing) {
  EXPECT_TRUE(
      decode_expectations(";;a;a x;a  x;a x %;r s 1 /a;r s x 1 /a;r s ff x /a;z s /a;a s %4")
          .empty());
  const auto host = decode_expectations("r s ff 99999999999999999999999 /a;a s /b;\xff");
  EXPECT_TRUE(host.retired.empty());
  EXPECT_EQ(host.awaited.at("s"), Names{"/b"});
}

}  // namespace
}  // namespace snapferry
