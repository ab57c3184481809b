#include "agent/sandbox_plan.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include "testing/temporary_directory.h"

namespace snapferry::agent {
namespace {

SandboxPlan source_of(std::vector<std::string> volumes) {
  return plan_sandbox(
      Policy::make({.allow = {"source"}, .set = "main", .volumes = std::move(volumes)}));
}

SandboxPlan store_in(std::string store) {
  return plan_sandbox(
      Policy::make({.allow = {"store"}, .set = "main", .store = std::move(store), .host = "web1"}));
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

TEST(SandboxPlan, OfABtrfsSourceReadsNoFileOfItsVolumes) {
  testing::TemporaryDirectory directory;
  const std::string home = directory.path() + "/home";
  ASSERT_EQ(::mkdir(home.c_str(), 0755), 0);
  const auto plan = source_of({"btrfs:" + home + "/*"});
  EXPECT_TRUE(grants(plan, home, PathAccess::Directories));
  EXPECT_TRUE(grants(plan, directory.path(), PathAccess::Directories)) << "for .snapferry";
  EXPECT_FALSE(plan.programs);
  EXPECT_TRUE(std::ranges::none_of(plan.paths, [&](const PathGrant& grant) {
    return grant.path.starts_with(directory.path()) && grant.access != PathAccess::Directories;
  }));
  ASSERT_EQ(::mkdir((directory.path() + "/.snapferry").c_str(), 0755), 0);
  const auto later = source_of({"btrfs:" + home + "/*"});
  EXPECT_TRUE(grants(later, directory.path() + "/.snapferry", PathAccess::Directories));
  EXPECT_FALSE(grants(later, directory.path(), PathAccess::Directories));
}

TEST(SandboxPlan, OfABtrfsStoreWritesBelowItsHostAlone) {
  testing::TemporaryDirectory directory;
  const auto plan = store_in("btrfs:" + directory.path());
  const std::string own = directory.path() + "/web1";
  EXPECT_TRUE(grants(plan, own, PathAccess::Tree));
  EXPECT_EQ(std::ranges::count(plan.paths, PathAccess::Tree, &PathGrant::access), 1);
  EXPECT_EQ(std::ranges::count(plan.paths, PathAccess::Directories, &PathGrant::access), 0);
  EXPECT_FALSE(plan.programs);
  struct ::stat status {};
  ASSERT_EQ(::stat(own.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

SandboxPlan target_of(std::vector<std::string> volumes) {
  return plan_sandbox(
      Policy::make({.allow = {"target"}, .set = "main", .volumes = std::move(volumes)}));
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

TEST(SandboxPlan, OfABtrfsTargetWritesWhereTheSnapshotsOfItsOneVolumeAreAlone) {
  testing::TemporaryDirectory directory;
  const std::string volume = directory.path() + "/new";
  const auto plan = target_of({"btrfs:" + volume});
  EXPECT_TRUE(grants(plan, directory.path() + "/.snapferry/new", PathAccess::Tree));
  EXPECT_EQ(std::ranges::count(plan.paths, PathAccess::Tree, &PathGrant::access), 1);
  EXPECT_FALSE(has_ioctl(plan, static_cast<std::uint16_t>(BTRFS_IOC_SEND & 0xffff)));
  EXPECT_FALSE(plan.programs);
  ASSERT_EQ(::mkdir(volume.c_str(), 0755), 0);
  const auto taken = target_of({"btrfs:" + volume});
  EXPECT_EQ(std::ranges::count(taken.paths, PathAccess::Tree, &PathGrant::access), 0)
      << "nothing can be made there";
}

TEST(SandboxPlan, OfABtrfsTargetOfSeveralVolumesWritesBelowItsPattern) {
  testing::TemporaryDirectory directory;
  const auto plan = target_of({"btrfs:" + directory.path() + "/*"});
  EXPECT_TRUE(grants(plan, directory.path(), PathAccess::Tree));
  EXPECT_EQ(std::ranges::count(plan.paths, PathAccess::Tree, &PathGrant::access), 1);
}

TEST(SandboxPlan, OfABtrfsStoreSendsWhereItGivesBackAlone) {
  testing::TemporaryDirectory directory;
  constexpr auto kSend = static_cast<std::uint16_t>(BTRFS_IOC_SEND & 0xffff);
  EXPECT_FALSE(has_ioctl(store_in("btrfs:" + directory.path()), kSend));
  EXPECT_TRUE(has_ioctl(plan_sandbox(Policy::make({.allow = {"store", "restore"},
                                                   .set = "main",
                                                   .store = "btrfs:" + directory.path(),
                                                   .host = "web1"})),
                        kSend));
}

TEST(SandboxPlan, OfAStoreThatIsMissingMakesNothing) {
  testing::TemporaryDirectory directory;
  const std::string missing = directory.path() + "/missing";
  (void)store_in("btrfs:" + missing);
  struct ::stat status {};
  EXPECT_NE(::stat(missing.c_str(), &status), 0);
}

}  // namespace
}  // namespace snapferry::agent
