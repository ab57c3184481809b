#include "platform/workers.h"

#include <array>
#include <atomic>
#include <barrier>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace snapferry::platform {
namespace {

using ::testing::ElementsAre;

TEST(Workers, RunAtOnceEachOnAThreadOfItsOwnAndTheFirstOnThisOne) {
  std::barrier all(3);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::thread::id first;
  run_workers(3, [&](std::size_t number) {
    all.arrive_and_wait();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    if (number == 0) first = std::this_thread::get_id();
  });
  EXPECT_EQ(threads.size(), 3u);
  EXPECT_EQ(first, std::this_thread::get_id());
}

TEST(Workers, EndBeforeWhatOneOfThemThrewIsThrown) {
  std::barrier all(3);
  std::atomic<int> ended{0};
  const auto run = [&] {
    run_workers(3, [&](std::size_t number) {
      all.arrive_and_wait();
      if (number == 1) throw std::runtime_error("one");
      ++ended;
    });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(ended, 2);
}

TEST(Workers, TakeEveryIndexOnce) {
  std::array<std::atomic<int>, 1000> taken{};
  for_each_index(taken.size(), 4, [&](std::size_t i) { ++taken[i]; });
  for (const auto& count : taken) EXPECT_EQ(count, 1);
  for_each_index(0, 4, [](std::size_t) { FAIL() << "there is nothing to do"; });
}

TEST(Workers, BeginNothingMoreAfterOneThatFailed) {
  std::vector<std::size_t> begun;
  const auto run = [&] {
    for_each_index(10, 1, [&](std::size_t i) {
      begun.push_back(i);
      if (i == 2) throw std::runtime_error("two");
    });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_THAT(begun, ElementsAre(0, 1, 2));
}

// In a child, since a limit of a user who is not root cannot be given back.
TEST(Workers, DoAllOfItWhereNoThreadCanBeStarted) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    const struct rlimit none { 0, 0 };
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(2);
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(3);
    std::atomic<std::size_t> done{0};
    std::set<std::thread::id> threads;
    for_each_index(100, 4, [&](std::size_t) {
      if (threads.empty()) threads.insert(std::this_thread::get_id());
      if (!threads.contains(std::this_thread::get_id())) ::_exit(4);
      ++done;
    });
    ::_exit(done == 100 ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "3: no other user to be; 4: a thread was started";
}

}  // namespace
}  // namespace snapferry::platform
