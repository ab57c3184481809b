#include "simplesnap/lock_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::simplesnap {
namespace {

// The id of a process that has ended.
pid_t ended_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(LockFile, KeepsASecondOneOutUntilItIsGone) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/.lock";
  {
    const LockFile lock(path);
    EXPECT_ERROR(LockFile(path), ErrorKind::Busy);
    std::string owner;
    std::ifstream(path) >> owner;
    EXPECT_EQ(owner, std::to_string(::getpid()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  const LockFile again(path);
}

TEST(LockFile, OfAProcessThatEndedCountsForNothing) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/.lock";
  std::ofstream(path) << ended_process() << "\n";
  const LockFile lock(path);
}

TEST(LockFile, RespectsADirectoryAndAFileThatNamesNobody) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/.lock";
  std::filesystem::create_directory(path);
  EXPECT_ERROR(LockFile(path), ErrorKind::Busy);
  std::filesystem::remove(path);
  std::ofstream(path) << "somebody";
  EXPECT_ERROR(LockFile(path), ErrorKind::Busy);
}

}  // namespace
}  // namespace snapferry::simplesnap
