#include "cli/expected.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

using Sets = std::set<std::string>;

Snapshot of(const std::string& path, const std::string& set = "default") {
  Snapshot snapshot;
  snapshot.volume = {"web1", path};
  snapshot.set = set;
  return snapshot;
}

Expected judge(const HostExpectations& host, const std::vector<Snapshot>& snapshots,
               std::map<std::string, Arrival> arrivals = {},
               const std::optional<std::string>& set = {}) {
  return judge_expected(
      {{"web1", host}}, snapshots,
      [&](const VolumeName& volume) -> std::optional<Arrival> {
        const auto found = arrivals.find(volume.path);
        return found == arrivals.end() ? std::nullopt : std::optional(found->second);
      },
      set);
}

TEST(Expected, IsMissingUntilThereIsASnapshot) {
  HostExpectations host;
  host.awaited["default"] = {"/a", "/b"};
  host.awaited["other"] = {"/a"};
  const auto found = judge(host, {of("/b")});
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_EQ(found.missing.at({"web1", "/a"}), (Sets{"default", "other"}));
  EXPECT_TRUE(judge(host, {of("/a"), of("/b")}).missing.empty());
}

TEST(Expected, OfOneSetIsNotMetByAnother) {
  HostExpectations host;
  host.awaited["two"] = {"/a"};
  host.awaited["one"] = {"/x"};
  const auto found = judge(host, {}, {{"/a", {3, 0}}}, "two");
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_TRUE(found.missing.contains({"web1", "/a"}));
}

TEST(Expected, ByAPatternIsMetByAnyVolumeOfIt) {
  HostExpectations host;
  host.awaited["default"] = {"zfs:tank/**"};
  EXPECT_EQ(judge(host, {of("zfs:pool")}).missing.size(), 1u);
  EXPECT_TRUE(judge(host, {of("zfs:tank/db")}).missing.empty());
}

TEST(Expected, ThatIsRetiredIsNeitherMissingNorComesBackWithoutABackup) {
  HostExpectations host;
  host.awaited["default"] = {"/never"};
  host.retired = {{"/never", {}}, {"/old", {4, 0}}, {"/back", {4, 0}}, {"/gone", {4, 0}}};
  const auto found = judge(host, {of("/old"), of("/back")}, {{"/old", {4, 0}}, {"/back", {5, 0}}});
  EXPECT_TRUE(found.missing.empty());
  EXPECT_EQ(found.retired, (std::set<VolumeName>{{"web1", "/never"}, {"web1", "/old"}}))
      << "/back has a later snapshot, and of /gone nothing is known any more";
}

TEST(Expected, CanBeNamedWithoutASnapshot) {
  Expected expected;
  expected.missing[{"web1", "/a"}] = {"default"};
  expected.retired = {{"web1", "/a"}, {"web1", "/b"}};
  EXPECT_EQ(with_expected({of("/b"), of("/c")}, expected).size(), 3u);
}

}  // namespace
}  // namespace snapferry::cli
