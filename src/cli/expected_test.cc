#include "cli/expected.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

using Sets = std::map<std::string, Arrival>;

const VolumeName kA{"web1", "/a"};

Snapshot of(const std::string& path) {
  Snapshot snapshot;
  snapshot.volume = {"web1", path};
  snapshot.set = "default";
  return snapshot;
}

Expected judge(const HostExpectations& host, const std::map<std::string, Sets>& there,
               const std::optional<std::string>& set = {}) {
  Arrivals arrivals;
  for (const auto& [path, sets] : there) arrivals[{"web1", path}] = sets;
  return judge_expected({{"web1", host}}, arrivals, set);
}

TEST(Expected, IsMissingUntilItsSetHasASnapshot) {
  HostExpectations host;
  host.awaited["default"] = {"/a", "/b"};
  host.awaited["other"] = {"/a"};
  const auto found = judge(host, {{"/b", {{"default", {"b2"}}}}});
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_EQ(found.missing.at(kA).sets, (SetNames{"default", "other"}));
  EXPECT_FALSE(found.missing.at(kA).elsewhere);
  const auto some = judge(host, {{"/a", {{"default", {"a1"}}}}, {"/b", {{"default", {"b2"}}}}});
  ASSERT_EQ(some.missing.size(), 1u);
  EXPECT_EQ(some.missing.at(kA).sets, SetNames{"other"});
  EXPECT_TRUE(some.missing.at(kA).elsewhere);
  EXPECT_TRUE(judge(host, {{"/a", {{"default", {"a1"}}}}}, "other").missing.contains(kA));
  EXPECT_EQ(judge(host, {}, "other").missing.size(), 1u);
}

TEST(Expected, ByAPatternIsMetByAVolumeOfItThatIsNotRetired) {
  HostExpectations host;
  host.awaited["default"] = {"zfs:tank/**"};
  const std::map<std::string, Sets> there = {{"zfs:tank/db", {{"default", {"a1"}}}}};
  EXPECT_EQ(judge(host, {{"zfs:pool", {{"default", {"a1"}}}}}).missing.size(), 1u);
  EXPECT_TRUE(judge(host, there).missing.empty());
  host.retired["default"]["zfs:tank/db"] = {"a1", 0};
  EXPECT_EQ(judge(host, there).missing.size(), 1u);
}

TEST(Expected, ThatIsRetiredIsNeitherMissingNorComesBackWithoutABackup) {
  HostExpectations host;
  host.retired["default"] = {
      {"/never", {}}, {"/old", {"b2", 0}}, {"/back", {"b2", 0}}, {"/gone", {"b2", 0}}};
  const auto found =
      judge(host, {{"/old", {{"default", {"b2"}}}}, {"/back", {{"default", {"a1"}}}}});
  EXPECT_TRUE(found.missing.empty());
  EXPECT_TRUE(found.is_retired({"web1", "/never"}));
  EXPECT_TRUE(found.is_retired({"web1", "/old"}));
  EXPECT_FALSE(found.is_retired({"web1", "/back"})) << "it has a snapshot that was not there then";
  EXPECT_EQ(found.ended.at("web1").at("default"), (SetNames{"/back", "/gone"}));
}

TEST(Expected, ThatIsRetiredInOneSetIsExpectedInTheOthers) {
  HostExpectations host;
  host.retired["weekly"]["/a"] = {"b2", 5};
  const std::map<std::string, Sets> there = {
      {"/a", {{"weekly", {"b2", 5}}, {"hourly", {"c3", 9}}}}};
  const auto found = judge(host, there);
  EXPECT_FALSE(found.is_retired(kA));
  EXPECT_TRUE(found.is_retired_in(kA, "weekly"));
  EXPECT_EQ(found.counted.at(kA), (Sets{{"hourly", {"c3", 9}}}));
  EXPECT_TRUE(judge(host, there, "weekly").is_retired(kA));
  EXPECT_FALSE(judge(host, there, "hourly").retired.contains(kA));
  host.awaited["offsite"] = {"/a"};
  host.retired["hourly"]["/a"] = {"c3", 9};
  EXPECT_FALSE(judge(host, there).is_retired(kA)) << "and what a third set awaits stays expected";
}

TEST(Expected, SaysOfWhichHostsMoreWasAskedFor) {
  HostExpectations host;
  host.full = true;
  EXPECT_EQ(judge(host, {}).full, std::set<std::string>{"web1"});
}

TEST(Expected, CanBeNamedWithoutASnapshot) {
  Expected expected;
  expected.missing[kA].sets = {"default"};
  expected.retired = {{kA, {"other"}}, {{"web1", "/b"}, {"default"}}};
  EXPECT_EQ(with_expected({of("/b"), of("/c")}, expected).size(), 3u);
}

}  // namespace
}  // namespace snapferry::cli
