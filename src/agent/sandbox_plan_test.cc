#include "agent/sandbox_plan.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <linux/btrfs.h>
#include <linux/capability.h>

namespace snapferry::agent {
namespace {

using sandbox::PathAccess;
using sandbox::PathGrant;
using sandbox::SandboxPlan;
using sandbox::SystemCallSet;

SandboxPlan source_of(std::vector<std::string> volumes,
                      const std::vector<ReachedPath>& reached = {}) {
  return plan_sandbox(
      Policy::make({.allow = {"source"}, .set = "main", .volumes = std::move(volumes)}), reached);
}

SandboxPlan store_in(std::string store, std::vector<std::string> roles = {"store"}) {
  return plan_sandbox(
      Policy::make(
          {.allow = std::move(roles), .set = "main", .store = std::move(store), .host = "web1"}),
      {});
}

SandboxPlan target_of(std::vector<std::string> volumes) {
  return plan_sandbox(
      Policy::make({.allow = {"target"}, .set = "main", .volumes = std::move(volumes)}), {});
}

bool grants(const SandboxPlan& plan, const std::string& path, PathAccess access) {
  return std::ranges::find(plan.paths, PathGrant{path, access}) != plan.paths.end();
}

bool has_ioctl(const SandboxPlan& plan, std::uint16_t request) {
  return std::ranges::find(plan.ioctls, request) != plan.ioctls.end();
}

TEST(SandboxPlan, OfZfsHasNoFilesAndOneCapability) {
  for (const auto& plan : {source_of({"zfs:tank/**"}), store_in("zfs:backup")}) {
    EXPECT_TRUE(grants(plan, "/dev/zfs", PathAccess::Device));
    EXPECT_EQ(plan.capabilities, std::vector<int>{CAP_SYS_ADMIN});
    EXPECT_EQ(plan.calls, SystemCallSet::Agent);
    for (const auto& grant : plan.paths) {
      EXPECT_NE(grant.access, PathAccess::Tree) << grant.path;
      EXPECT_NE(grant.access, PathAccess::Directories) << grant.path;
    }
  }
}

TEST(SandboxPlan, OfZfsTakesTheRequestsOfTheOtherRoleAway) {
  constexpr std::uint16_t kPoolDestroy = 0x5a01, kDestroy = 0x5a18, kRollback = 0x5a19,
                          kSnapshot = 0x5a23, kDestroySnapshots = 0x5a3b, kReceive = 0x5a46,
                          kChannelProgram = 0x5a48;
  const auto source = source_of({"zfs:tank"});
  const auto store = store_in("zfs:backup");
  EXPECT_TRUE(has_ioctl(source, kSnapshot) && has_ioctl(source, kDestroySnapshots));
  EXPECT_FALSE(has_ioctl(source, kDestroy) || has_ioctl(source, kReceive));
  EXPECT_TRUE(has_ioctl(store, kReceive) && has_ioctl(store, kDestroy));
  EXPECT_FALSE(has_ioctl(store, kDestroySnapshots));
  EXPECT_TRUE(has_ioctl(store, kSnapshot)) << "remembers what was found unchanged";
  for (const auto request : {kPoolDestroy, kRollback, kChannelProgram}) {
    EXPECT_FALSE(has_ioctl(source, request) || has_ioctl(store, request)) << request;
  }
}

TEST(SandboxPlan, OfSimplesnapIsThatOfASourceAndSetsProperties) {
  constexpr std::uint16_t kSetProperty = 0x5a16;
  const auto simplesnap = plan_simplesnap_sandbox();
  auto source = source_of({"zfs:**"});
  EXPECT_FALSE(has_ioctl(source, kSetProperty));
  source.ioctls.push_back(kSetProperty);
  std::ranges::sort(source.ioctls);
  EXPECT_EQ(simplesnap, source);
}

TEST(SandboxPlan, GrantsWhatTheDriversSayThatTheyOpen) {
  const auto plan = source_of({"btrfs:/home/*"}, {{"/home", Reach::Directories},
                                                  {"/mnt", Reach::List},
                                                  {"/mnt/store/id", Reach::Read},
                                                  {"/mnt/store/web1", Reach::Write}});
  EXPECT_TRUE(grants(plan, "/home", PathAccess::Directories));
  EXPECT_TRUE(grants(plan, "/mnt", PathAccess::List));
  EXPECT_TRUE(grants(plan, "/mnt/store/id", PathAccess::Read));
  EXPECT_TRUE(grants(plan, "/mnt/store/web1", PathAccess::Tree));
  EXPECT_EQ(plan.paths.size(), source_of({"btrfs:/home/*"}).paths.size() + 4);
}

TEST(SandboxPlan, OfABtrfsSourceChangesNoFile) {
  const auto plan = source_of({"btrfs:/home"});
  EXPECT_EQ(plan.calls, SystemCallSet::Directories);
  EXPECT_FALSE(plan.programs);
  EXPECT_EQ(std::ranges::count(plan.capabilities, CAP_MKNOD), 0);
}

TEST(SandboxPlan, OfWhatReceivesOnBtrfsNamesNoSubvolumeByItsId) {
  constexpr auto kDestroyById = static_cast<std::uint16_t>(BTRFS_IOC_SNAP_DESTROY_V2 & 0xffff);
  EXPECT_FALSE(has_ioctl(store_in("btrfs:/srv/backup"), kDestroyById));
  EXPECT_FALSE(has_ioctl(store_in("btrfs:/srv/backup", {"store", "restore"}), kDestroyById));
  EXPECT_FALSE(has_ioctl(target_of({"btrfs:/mnt/*"}), kDestroyById));
}

TEST(SandboxPlan, OfAZfsTargetReceivesAndDoesNothingElse) {
  const auto plan = target_of({"zfs:tank/new"});
  EXPECT_TRUE(has_ioctl(plan, 0x5a46)) << "RECV_NEW";
  for (const std::uint16_t request : {0x5a16, 0x5a17, 0x5a18, 0x5a19, 0x5a1a, 0x5a1c, 0x5a23,
                                      0x5a2b, 0x5a30, 0x5a3b, 0x5a40, 0x5a43, 0x5a45, 0x5a48}) {
    EXPECT_FALSE(has_ioctl(plan, request)) << request;
  }
  EXPECT_EQ(plan.capabilities, std::vector<int>{CAP_SYS_ADMIN});
}

TEST(SandboxPlan, OfABtrfsStoreSendsWhereItGivesBackAlone) {
  constexpr auto kSend = static_cast<std::uint16_t>(BTRFS_IOC_SEND & 0xffff);
  EXPECT_FALSE(has_ioctl(store_in("btrfs:/srv/backup"), kSend));
  EXPECT_FALSE(has_ioctl(target_of({"btrfs:/mnt/*"}), kSend));
  EXPECT_TRUE(has_ioctl(store_in("btrfs:/srv/backup", {"store", "restore"}), kSend));
}

}  // namespace
}  // namespace snapferry::agent
