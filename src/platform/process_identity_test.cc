#include "platform/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace snapferry::platform {
namespace {

TEST(ProcessIdentity, OfThisProcessRuns) {
  const ProcessIdentity self = this_process();
  if (self.start_time == 0) GTEST_SKIP() << "/proc does not tell here";
  EXPECT_EQ(look_for(self, self), Presence::Running);
}

TEST(ProcessIdentity, OfAProcessThatEndedIsGone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ProcessIdentity process = this_process();
  process.pid = static_cast<std::uint64_t>(child);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(look_for(process, this_process()), Presence::Gone);
}

TEST(ProcessIdentity, OfAPidThatWasUsedAgainIsGone) {
  const ProcessIdentity self = this_process();
  if (self.start_time == 0) GTEST_SKIP() << "/proc does not tell here";
  ProcessIdentity before = self;
  --before.start_time;
  EXPECT_EQ(look_for(before, self), Presence::Gone);
}

TEST(ProcessIdentity, WithoutAStartTimeIsUnknownWhileItsPidIsInUse) {
  const ProcessIdentity self = this_process();
  ProcessIdentity process = self;
  process.start_time = 0;
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
}

TEST(ProcessIdentity, OfAnotherPidNamespaceIsUnknown) {
  const ProcessIdentity self = this_process();
  ProcessIdentity process = self;
  ++process.pid_namespace;
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
  process.pid_namespace = 0;
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
}

TEST(ProcessIdentity, OfAnotherMachineIsUnknown) {
  const ProcessIdentity self = this_process();
  ProcessIdentity process = self;
  process.boot_id = "another";
  process.machine_id = "another";
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
  process.machine_id = "";
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
}

TEST(ProcessIdentity, OfThisMachineBeforeTheLastBootIsRebooted) {
  ProcessIdentity self = this_process();
  self.machine_id = "this one";
  ProcessIdentity process = self;
  process.boot_id = "before";
  EXPECT_EQ(look_for(process, self), Presence::Rebooted);
  process.host = "renamed";
  EXPECT_EQ(look_for(process, self), Presence::Unknown);
}

}  // namespace
}  // namespace snapferry::platform
