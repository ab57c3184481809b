// Restores give nobody's content more rights than it had, and say what the target cannot keep.

#include <memory>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testing/odd_filesystem.h"
#include "testing/restore_fixture.h"

namespace snapferry::tree {
namespace {

using namespace snapferry::testing;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t kTime = 1'000'000'000;
// VFS_CAP_REVISION_2 with CAP_NET_RAW permitted, linux/capability.h.
constexpr std::string_view kCapability(
    "\x00\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00",
    20);

void set_time(const std::string& path) {
  const struct timespec times[2] = {{kTime, 500'000'000}, {kTime, 500'000'000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

bool put_into(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return done;
}

class RestoredRights : public RestoreAsRoot {};

TEST_F(RestoredRights, ContentOfOthersNeverGetsThemThoughItsSizeAndTimeAreRight) {
  ::mkdir(target_.c_str(), 0755);
  const std::vector<std::pair<std::string, mode_t>> files = {
      {"setuid", 04755}, {"setgid", 02755}, {"plain", 0755}};
  std::vector<Node> nodes;
  for (const auto& [name, mode] : files) {
    nodes.push_back(file(name, "good").mode(mode).owner(0, 0));
    write(at(name), "evil");
    ASSERT_EQ(::chown(at(name).c_str(), 1234, 1234), 0);
    set_time(at(name));
  }
  nodes.push_back(file("capable", "good").mode(0755).xattr("security.capability", kCapability));
  write(at("capable"), "evil");
  ::chmod(at("capable").c_str(), 0755);
  set_time(at("capable"));
  // Whoever opened it before still writes to what he had, and to nothing else.
  const int open_before = ::open(at("setuid").c_str(), O_RDWR | O_CLOEXEC);
  run(directory("", nodes));
  ASSERT_EQ(::write(open_before, "EVIL", 4), 4);
  ::close(open_before);
  for (const auto& [name, mode] : files) {
    EXPECT_EQ(content(at(name)), "good") << name;
    EXPECT_EQ(look(at(name)).st_mode & 07777, mode) << name;
    EXPECT_EQ(look(at(name)).st_uid, 0u) << name;
  }
  EXPECT_EQ(content(at("capable")), "good");
  EXPECT_NE(xattr(at("capable"), "security.capability"), "(none)");
}

TEST_F(RestoredRights, AFileWithTheRightOwnerIsCorrectedInPlace) {
  const Snapshot snapshot = snapshot_of(directory("", {file("a", "text").mode(0600)}), objects_);
  run(snapshot);
  const ino_t inode = look(at("a")).st_ino;
  ::chmod(at("a").c_str(), 0666);
  run(snapshot);
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0600u);
  EXPECT_EQ(look(at("a")).st_ino, inode);
}

// In a user namespace root is not root: fault injection by the kernel itself.
TEST_F(RestoredRights, SetIdBitsAndCapabilitiesAreLeftOutWhereTheOwnerIsRefused) {
  const Snapshot snapshot =
      snapshot_of(directory("", {file("both", "1").mode(06755).owner(1234, 1234),
                                 file("mine", "2").mode(06755).owner(0, 0),
                                 file("capable", "3")
                                     .mode(0755)
                                     .owner(1234, 1234)
                                     .xattr("security.capability", kCapability),
                                 directory("d", {}).mode(02755).owner(1234, 1234)}),
                  objects_);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    put_into("/proc/self/setgroups", "deny");
    if (!put_into("/proc/self/uid_map", "0 0 1") || !put_into("/proc/self/gid_map", "0 0 1")) {
      ::_exit(77);
    }
    const RestoreStats stats = run(snapshot);
    ::_exit(stats.failed == 0 && stats.limitations.size() >= 3 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(look(at("both")).st_mode & 07777, 0755u);
  EXPECT_EQ(look(at("mine")).st_mode & 07777, 06755u);
  EXPECT_EQ(look(at("d")).st_mode & 07777, 0755u);
  EXPECT_EQ(xattr(at("capable"), "security.capability"), "(none)");
}

class RestoreToOddFilesystem : public Restore {
 protected:
  void SetUp() override {
    if (const std::string reason = OddFilesystem::why_not(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    ::mkdir(target_.c_str(), 0755);
  }
  // Files alone: that is all it can hold.
  RestoreStats restore_to(const OddFilesystem::Manners& manners, const std::vector<Node>& files) {
    odd_ = std::make_unique<OddFilesystem>(target_, manners);
    options_.paths.clear();
    for (const Node& node : files) options_.paths.push_back(node.entry.name);
    return run(directory("", files));
  }
  std::unique_ptr<OddFilesystem> odd_;
};

TEST_F(RestoreToOddFilesystem, SetIdBitsAreLeftOutWhereOwnersAreOnlySaidToBeSet) {
  const auto stats =
      restore_to({.owners_stay = true}, {file("a", "1").mode(06755).owner(7, 8).mtime(kTime, 0)});
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0755u);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.limitations.size(), 2u);
}

TEST_F(RestoreToOddFilesystem, TimesAreSetInPairsWhereOneIsIgnored) {
  const auto stats = restore_to({.times_in_pairs = true}, {file("a", "1").mtime(kTime, 0)});
  EXPECT_EQ(look(at("a")).st_mtim.tv_sec, kTime);
  EXPECT_TRUE(stats.limitations.empty());
}

TEST_F(RestoreToOddFilesystem, TimesThatAreRoundedAreToldOfOnce) {
  const auto stats = restore_to(
      {.time_step = 2}, {file("a", "1").mtime(kTime + 1, 0), file("b", "2").mtime(kTime + 3, 0)});
  EXPECT_EQ(look(at("a")).st_mtim.tv_sec, kTime);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.limitations,
            (std::vector<std::string>{
                "modification times are as near as the filesystem of the target keeps them"}));
  EXPECT_EQ(stats.incomplete, 0u);
}

TEST_F(RestoreToOddFilesystem, TimesThatAreLostAreToldOfOnce) {
  const auto stats = restore_to({.time_step = 1'000'000'007}, {file("a", "1"), file("b", "2")});
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.limitations,
            (std::vector<std::string>{"modification times were not restored where the filesystem "
                                      "of the target does not keep them (2 paths: a, b)"}));
  EXPECT_EQ(stats.incomplete, 2u);
}

}  // namespace
}  // namespace snapferry::tree
