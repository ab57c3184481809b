#include "agent/inspection.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "agent/sandbox_plan.h"

namespace snapferry::agent {
namespace {

using wire::AgentRole;

// As OpenZFS 2.1 prints it.
constexpr std::string_view kAllow =
    "---- Permissions on tank/home ----------------------------------------\n"
    "Permission sets:\n"
    "\t@backup hold,release,@basic\n"
    "\t@basic send\n"
    "Local+Descendent permissions:\n"
    "\tuser alice @backup,snapshot\n"
    "\tgroup staff bookmark\n"
    "\teveryone mount\n"
    "---- Permissions on tank ---------------------------------------------\n"
    "Local+Descendent permissions:\n"
    "\tuser bob destroy\n";

using Names = std::vector<std::string>;
const Names kWanted = {"bookmark", "destroy", "hold", "mount", "release", "send", "snapshot"};

TEST(MissingPermissions, CountWhatUserGroupsSetsAndEveryoneHave) {
  EXPECT_EQ(missing_permissions(kAllow, "alice", {"staff"}, kWanted), Names{"destroy"});
  EXPECT_EQ(missing_permissions(kAllow, "alice", {}, kWanted), (Names{"bookmark", "destroy"}));
  EXPECT_EQ(missing_permissions(kAllow, "bob", {}, {"destroy", "mount", "send"}), Names{"send"});
  EXPECT_EQ(missing_permissions(kAllow, "", {}, {"mount", "send"}), Names{"send"});
}

TEST(MissingPermissions, AreAllOfThemWhereNothingIsAllowed) {
  EXPECT_EQ(missing_permissions("", "alice", {"staff"}, kWanted), kWanted);
  EXPECT_EQ(missing_permissions("\tuser alice\n\t@a @a\nuser\n", "alice", {}, kWanted), kWanted);
}

TEST(Inspection, NamesTheUsesOfAPolicyOnce) {
  const auto uses = uses_of(Policy::make({.allow = {"source", "store"},
                                          .set = "main",
                                          .volumes = {"zfs:tank/**", "zfs:tank/*", "btrfs:/mnt/**"},
                                          .store = "zfs:backup",
                                          .host = "web1"}));
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].name, "tank");
  EXPECT_EQ(uses[1].kind, "btrfs");
  EXPECT_EQ(uses[2].role, AgentRole::Store);
}

TEST(Inspection, LooksAtWhatANewVolumeWouldBeIn) {
  const auto uses =
      uses_of(Policy::make({.allow = {"target"},
                            .set = "main",
                            .volumes = {"zfs:tank/new", "btrfs:/new", "zfs:tank/x/*"}}));
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].name, "tank");
  EXPECT_EQ(uses[1].name, "/");
  EXPECT_EQ(uses[2].name, "tank/x");
  for (const auto& use : uses) EXPECT_EQ(use.role, AgentRole::Target);
}

// zfs is not there, or what it prints.
class FakeZfs : public platform::Commands {
 public:
  std::unique_ptr<platform::Child> start(const std::vector<std::string>&,
                                         const platform::StartOptions&) override {
    throw Error(ErrorKind::NotFound, "no program here");
  }
};

TEST(Inspection, BeginsWithTheSystemAndAsksNothingWithoutUses) {
  FakeZfs commands;
  const auto findings = inspect_machine({}, commands);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].topic, "system");
  EXPECT_EQ(findings[0].verdict, wire::Verdict::Good);
}

TEST(Inspection, OfBtrfsMissesAVolumeThatIsNotThere) {
  FakeZfs commands;
  const auto findings = inspect_machine({{"btrfs", AgentRole::Source, "/no/such/place"}}, commands);
  EXPECT_TRUE(std::ranges::any_of(findings, [](const wire::Finding& finding) {
    return finding.verdict == wire::Verdict::Missing &&
           finding.message.find("; ") != std::string::npos;
  }));
}

TEST(Inspection, TriesTheSandboxAndStaysFree) {
  const auto plan =
      plan_sandbox(Policy::make({.allow = {"source"}, .set = "main", .volumes = {"zfs:tank"}}), {});
  EXPECT_EQ(try_sandbox(plan), try_sandbox(plan));
  const auto report = try_sandbox(plan);
  ASSERT_EQ(report.layers.size(), 4u);
  EXPECT_EQ(report.layers[0].grip, sandbox::Grip::Full);
  const auto findings = findings_of(report);
  EXPECT_EQ(findings[0].topic, "sandbox no-new-privileges");
}

}  // namespace
}  // namespace snapferry::agent
