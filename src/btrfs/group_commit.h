#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

namespace snapferry::btrfs {

// Lets threads that need the kernel to commit a transaction ask for it at one time. A commit costs
// the same whether it is for one of them or for all, and those who ask while none is under way
// share one (fs/btrfs/transaction.c); asking one after the other they would each pay for their own.
//
// Safe from several threads.
class GroupCommit {
 public:
  // For how long nobody may come before those who are there go on without the others. Less than
  // a commit takes on most disks.
  static constexpr std::chrono::milliseconds kPatience{4};

  explicit GroupCommit(std::chrono::milliseconds patience = kPatience) : patience_(patience) {}

  // A thread that is going to come, for as long as this lives; while it is the only one it never
  // waits.
  class Member {
   public:
    explicit Member(GroupCommit& group);
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() { group_.leave(); }

    // Returns once all members have come, or the patience of those who have is at its end.
    void meet() { group_.meet(); }

    // Meets, and calls `action` for all who met in one of their threads. Returns when it is done;
    // throws what it threw. It must do the same for each of them.
    void once(const std::function<void()>& action) { group_.once(action); }

   private:
    GroupCommit& group_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  struct Meeting {
    std::size_t come = 0;
    Clock::time_point last_arrival;
    bool open = false;   // goes on without who has not come
    bool taken = false;  // somebody carries once() out
    bool done = false;
    std::exception_ptr failure;
  };

  std::shared_ptr<Meeting> meet();
  void once(const std::function<void()>& action);
  void leave();
  void open(Meeting& meeting);

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t members_ = 0;
  std::shared_ptr<Meeting> meeting_ = std::make_shared<Meeting>();  // that is yet to open
};

}  // namespace snapferry::btrfs
