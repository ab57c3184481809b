#include "btrfs/group_commit.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace snapferry::btrfs {
namespace {

using namespace std::chrono_literals;

// Nobody in a test is ever that late.
constexpr auto kForever = 1h;

TEST(GroupCommit, DoesNotMakeTheOnlyMemberWait) {
  GroupCommit group(kForever);
  GroupCommit::Member member(group);
  member.meet();
  int calls = 0;
  member.once([&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(GroupCommit, ActsOnceForAllWhoCame) {
  GroupCommit group(kForever);
  constexpr int kThreads = 8;
  std::vector<std::unique_ptr<GroupCommit::Member>> members;
  for (int i = 0; i < kThreads; ++i) {
    members.push_back(std::make_unique<GroupCommit::Member>(group));
  }
  std::atomic<int> come = 0;
  std::atomic<int> calls = 0;
  std::atomic<int> come_before = 0;
  std::vector<std::thread> threads;
  for (auto& member : members) {
    threads.emplace_back([&] {
      ++come;
      member->once([&] {
        ++calls;
        come_before = come.load();
      });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(come_before, kThreads);
}

TEST(GroupCommit, TellsAllOfAFailure) {
  GroupCommit group(kForever);
  GroupCommit::Member one(group);
  GroupCommit::Member other(group);
  std::atomic<int> failures = 0;
  const auto fail = [&](GroupCommit::Member& member) {
    try {
      member.once([] { throw std::runtime_error("the disk is full"); });
    } catch (const std::runtime_error&) {
      ++failures;
    }
  };
  std::thread thread([&] { fail(other); });
  fail(one);
  thread.join();
  EXPECT_EQ(failures, 2);
}

TEST(GroupCommit, GoesOnWithoutWhoDoesNotCome) {
  GroupCommit group(1ms);
  const GroupCommit::Member absent(group);
  GroupCommit::Member member(group);
  member.meet();
}

TEST(GroupCommit, GoesOnWhenTheLastWhoWasMissingLeaves) {
  GroupCommit group(kForever);
  auto leaver = std::make_unique<GroupCommit::Member>(group);
  GroupCommit::Member member(group);
  std::thread thread([&] { leaver.reset(); });
  member.meet();
  thread.join();
}

}  // namespace
}  // namespace snapferry::btrfs
