#include "agent/errand.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox_plan.h"
#include "core/error.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::agent {
namespace {

using sandbox::enter_sandbox;
using sandbox::SandboxMode;

class ErrandTest : public ::testing::Test {
 protected:
  std::function<void()> making() {
    return [this] { std::ofstream(file_) << "x"; };
  }
  testing::TemporaryDirectory directory_;
  const std::string file_ = directory_ / "made";
};

TEST_F(ErrandTest, IsDoneOnceItIsAskedFor) {
  Errand errand(making());
  EXPECT_FALSE(std::filesystem::exists(file_));
  errand.run();
  EXPECT_TRUE(std::filesystem::exists(file_));
  EXPECT_ERROR(errand.run(), ErrorKind::Unavailable);
}

TEST_F(ErrandTest, IsNotDoneUnlessAskedFor) {
  { const Errand errand(making()); }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(ErrandTest, TellsWhyItFailed) {
  Errand errand([] { throw Error(ErrorKind::Conflict, "x: holds something else; take another"); });
  try {
    errand.run();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Conflict);
    EXPECT_EQ(error.message(), "x: holds something else; take another");
  }
}

TEST_F(ErrandTest, WorksFromWithinTheSandboxThatCouldNotDoItItself) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    Errand errand(making());
    const auto plan = plan_sandbox(
        Policy::make({.allow = {"source"}, .set = "main", .volumes = {"zfs:tank"}}), {});
    const bool in_force = enter_sandbox(plan, SandboxMode::BestEffort).in_force();
    const bool contained = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0;
    errand.run();
    ::_exit(contained || !in_force ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::exists(file_));
}

// Whoever waits for the end of the agent's output must not wait for it.
TEST_F(ErrandTest, HoldsNoDescriptorOfWhoeverBeganIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Errand errand(making());
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace snapferry::agent
