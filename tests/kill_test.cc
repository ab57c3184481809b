// kill -9 of the real program at random moments, with several processes on one
// repository at once: what was committed is never lost, and the next run needs no help.
//
// SNAPFERRY_KILLS sets how many processes are killed (default 300).

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/temporary_directory.h"

extern char** environ;

namespace {

using snapferry::testing::TemporaryDirectory;

class Program {
 public:
  Program(const std::vector<std::string>& arguments, const std::string& output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  }
  ~Program() {
    if (pidfd_ >= 0) close(pidfd_);
  }

  // The exit status, or -1 if it had to be killed after `milliseconds`.
  int wait_or_kill(int milliseconds) {
    pollfd ended{pidfd_, POLLIN, 0};
    const bool done = poll(&ended, 1, milliseconds) == 1;
    if (!done) kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

class KillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* program = std::getenv("SNAPFERRY");
    ASSERT_NE(program, nullptr) << "set SNAPFERRY to the program";
    program_ = program;
    setenv("SNAPFERRY_STORE", ("repo:" + (directory_ / "store")).c_str(), 1);
    unsetenv("SNAPFERRY_PASSWORD");  // the repository needs none
    setenv("SNAPFERRY_CACHE", (directory_ / "cache").c_str(), 1);
    ASSERT_EQ(run({"init", "--encryption", "none"}), 0);
    ASSERT_EQ(mkdir((directory_ / "source").c_str(), 0700), 0);
    for (int i = 0; i < 40; ++i) change(i);
  }

  // Random content, some of it as before: moved and repeated.
  void change(int number) {
    std::ofstream file(directory_ / ("source/file" + std::to_string(number)), std::ios::binary);
    std::string block(4096, 0);
    const auto blocks = std::uniform_int_distribution<int>(0, 64)(random_);
    for (int i = 0; i < blocks; ++i) {
      for (char& byte : block) byte = static_cast<char>(random_());
      file << block;
    }
  }

  int run(std::vector<std::string> arguments, int milliseconds = 120'000) {
    arguments.insert(arguments.begin(), program_);
    return Program(arguments, directory_ / "output").wait_or_kill(milliseconds);
  }

  std::string output() const {
    std::ifstream file(directory_ / "output");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::vector<std::string> backup() const { return {program_, "backup", directory_ / "source"}; }
  std::vector<std::string> prune() const { return {program_, "prune", "--keep-last", "6"}; }

  // Lets one or two backups and perhaps a prune run, each for a random time.
  void run_and_kill() {
    std::vector<std::unique_ptr<Program>> programs;
    programs.push_back(std::make_unique<Program>(backup(), directory_ / "first"));
    if (random_() % 3 == 0) {
      programs.push_back(std::make_unique<Program>(backup(), directory_ / "second"));
    }
    if (random_() % 2 == 0) {
      programs.push_back(std::make_unique<Program>(prune(), directory_ / "third"));
    }
    for (auto& program : programs) {
      const int limit = std::uniform_int_distribution<int>(0, 60)(random_);
      if (program->wait_or_kill(limit) == -1) ++killed_;
    }
  }

  void expect_everything_whole() {
    EXPECT_EQ(run({"verify", "--read-data"}), 0) << output();
    ASSERT_EQ(run({"backup", directory_ / "source"}), 0) << output();
    const std::string target = directory_ / "restored";
    ASSERT_EQ(run({"restore", "latest", "--target", target}), 0) << output();
    const std::string compare =
        "diff -r " + (directory_ / "source") + " " + target + " && rm -r " + target;
    EXPECT_EQ(std::system(compare.c_str()), 0);
  }

  TemporaryDirectory directory_;
  std::string program_;
  std::mt19937 random_{20260301};
  int killed_ = 0;
};

TEST_F(KillTest, NothingCommittedIsLostAndNothingNeedsAHand) {
  const char* setting = std::getenv("SNAPFERRY_KILLS");
  const int wanted = setting == nullptr ? 300 : std::atoi(setting);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(setting ? 3600 : 150);
  int round = 0;
  while (killed_ < wanted && std::chrono::steady_clock::now() < deadline) {
    change(static_cast<int>(random_() % 40));
    run_and_kill();
    if (++round % 20 == 0) expect_everything_whole();
    if (HasFailure()) break;
  }
  expect_everything_whole();
  // All leftovers of the dead go by themselves.
  EXPECT_EQ(run({"prune", "--keep-last", "1"}), 0) << output();
  EXPECT_EQ(run({"verify", "--read-data"}), 0) << output();
  EXPECT_NE(output().find("1 snapshot"), std::string::npos) << output();
  for (const char* leftovers : {"claims", "condemned"}) {
    EXPECT_EQ(std::system(
                  ("test -z \"$(ls " + (directory_ / "store") + "/" + leftovers + " 2>/dev/null)\"")
                      .c_str()),
              0)
        << leftovers;
  }
  RecordProperty("killed", killed_);
  std::cout << "killed " << killed_ << " processes in " << round << " rounds\n";
  EXPECT_GE(killed_, std::min(wanted, 100));
}

}  // namespace
