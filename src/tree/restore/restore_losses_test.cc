// Each piece of metadata is tried by itself, and none is lost in silence.
#include <cerrno>

#include <sys/syscall.h>

#include "testing/refused_calls.h"
#include "testing/restore_fixture.h"

namespace snapferry::testing {
namespace {

constexpr std::int64_t kTime = 1'000'000'000;

// u::rw, u:1502:rwx, g::r, mask rwx, o::r.
const std::string kAcl(
    "\2\0\0\0\1\0\6\0\xff\xff\xff\xff\2\0\7\0\xde\5\0\0\4\0\4\0\xff\xff\xff\xff"
    "\x10\0\7\0\xff\xff\xff\xff\x20\0\4\0\xff\xff\xff\xff",
    44);
constexpr const char* kAccess = "system.posix_acl_access";

class RestoreLosses : public Restore {
 protected:
  RestoreStats run_without(int call, int error, const Node& root) {
    RestoreStats stats;
    can_refuse_ = with_refused_calls({{call, error}}, [&] { stats = run(root); });
    return stats;
  }
  bool can_refuse_ = false;
};

TEST_F(RestoreLosses, OneRefusedAttributeCostsNeitherModeNorTimeNorTheNext) {
  const auto stats = run_without(
      SYS_fsetxattr, ENOSPC,
      directory(
          "", {file("a", "1").mode(0640).mtime(kTime, 5).xattr("user.x", "1").xattr("user.y", "2"),
               directory("d", {}).mode(0750).mtime(kTime, 6).xattr("user.z", "3")}));
  if (!can_refuse_) GTEST_SKIP() << "no seccomp";
  for (const auto& [path, mode] : {std::pair{"a", 0640u}, std::pair{"d", 0750u}}) {
    EXPECT_EQ(look(at(path)).st_mode & 07777, mode) << path;
    EXPECT_EQ(look(at(path)).st_mtim.tv_sec, kTime) << path;
  }
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.incomplete, 2u);
  EXPECT_EQ(problems_.all.size(), 3u) << "each loss is named";
  for (const std::string& problem : problems_.all) {
    EXPECT_EQ(problem.find("free some"), std::string::npos) << problem;
  }
}

TEST_F(RestoreLosses, AnAclThatCannotBeNamedHereCostsOnlyItself) {
  const Node root = directory(
      "", {file("a", "1").mode(0674).mtime(kTime, 5).xattr("system.posix_acl_access", kAcl)});
  for (int round = 0; round < 2; ++round) {
    const auto stats = run_without(SYS_fsetxattr, EINVAL, root);
    if (!can_refuse_) GTEST_SKIP() << "no seccomp";
    EXPECT_EQ(look(at("a")).st_mtim.tv_sec, kTime);
    EXPECT_EQ(look(at("a")).st_mode & 07777, 0644u) << "the group must not get the mask";
    EXPECT_EQ(stats.incomplete, 1u) << "in every run";
  }
}

TEST_F(RestoreLosses, AttributesThatTheTargetDoesNotHaveAreCountedAndNamed) {
  std::vector<Node> files;
  for (const char* name : {"a", "b", "c", "d"}) files.push_back(file(name).xattr("user.x", "1"));
  const auto stats = run_without(SYS_fsetxattr, EOPNOTSUPP, directory("", std::move(files)));
  if (!can_refuse_) GTEST_SKIP() << "no seccomp";
  EXPECT_EQ(stats.incomplete, 4u);
  ASSERT_EQ(stats.limitations.size(), 1u);
  EXPECT_NE(stats.limitations[0].find("(4 paths: "), std::string::npos) << stats.limitations[0];
}

class RestoreLossesAsRoot : public RestoreLosses {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can set owners";
  }
};

TEST_F(RestoreLossesAsRoot, OwnersThatTheTargetRefusesAreCountedAndNamed) {
  const auto stats = run_without(
      SYS_fchownat, EPERM, directory("", {file("a").owner(1234, 1234).mode(04755), file("b")}));
  if (!can_refuse_) GTEST_SKIP() << "no seccomp";
  EXPECT_EQ(look(at("a")).st_mode & 07777, 0755u);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ(stats.incomplete, 1u);
  for (const std::string& line : stats.limitations) {
    EXPECT_NE(line.find("(1 path: a)"), std::string::npos) << line;
  }
}

TEST_F(RestoreLossesAsRoot, AclsAreGivenToWhoHasTheName) {
  const Node root = directory("", {file("a").mode(0674).xattr(kAccess, kAcl)});
  Snapshot snapshot = snapshot_of(root, objects_);
  snapshot.users = {{1502, "root"}};
  EXPECT_EQ(run(snapshot).incomplete, 0u);
  const std::string restored = xattr(at("a"), kAccess);
  EXPECT_EQ(restored.substr(12, 8), std::string("\2\0\7\0\0\0\0\0", 8));
  EXPECT_EQ(run(snapshot).unchanged, 2u) << "and is right when looked at again";
  options_.numeric_owner = true;
  run(snapshot);
  EXPECT_EQ(xattr(at("a"), kAccess), kAcl);
}

}  // namespace
}  // namespace snapferry::testing
