#include "repository/claim_sightings.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "repository/crypto.h"
#include "testing/temporary_directory.h"

namespace snapferry::repository {
namespace {

TEST(ClaimSightings, AreRememberedFromRunToRunWhileTheClaimStaysAsItIs) {
  const testing::TemporaryDirectory cache;
  const ObjectId claim = random_id();
  for (const std::int64_t now : {1000, 1500}) {
    ClaimSightings sightings(cache / "claims");
    EXPECT_EQ(sightings.unchanged_for(claim, {1, 2}, now), now - 1000);
    sightings.keep_only_seen();
  }
  ClaimSightings sightings(cache / "claims");
  EXPECT_EQ(sightings.unchanged_for(claim, {1, 3}, 2000), 0);
}

TEST(ClaimSightings, LeaveOneFileThatItsUserAloneMayRead) {
  const testing::TemporaryDirectory cache;
  ClaimSightings sightings(cache / "claims");
  sightings.unchanged_for(random_id(), {1, 2}, 1000);
  sightings.keep_only_seen();
  struct stat status {};
  ASSERT_EQ(::stat((cache / "claims").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const std::filesystem::directory_iterator files(cache.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(ClaimSightings, RememberNothingWhereTheCacheCannotBeWritten) {
  ClaimSightings sightings("/proc/nothing/claims");
  EXPECT_EQ(sightings.unchanged_for(random_id(), {1, 2}, 1000), 0);
  sightings.keep_only_seen();
}

}  // namespace
}  // namespace snapferry::repository
