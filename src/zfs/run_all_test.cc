#include "zfs/run_all.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include <gmock/gmock.h>

#include "core/error.h"
#include "testing/errors.h"

namespace snapferry::zfs {
namespace {

using ::testing::IsEmpty;

// Prints its last argument; waits until `together` commands are under way at once.
class EchoCommands : public platform::Commands {
 public:
  explicit EchoCommands(std::size_t together) : together_(together) {}

  std::unique_ptr<platform::Child> start(const std::vector<std::string>&,
                                         const platform::StartOptions&) override {
    throw Error(ErrorKind::Internal, "not used");
  }

  platform::Output run(const std::vector<std::string>& argv, std::string_view, std::size_t,
                       const Cancellation*) override {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    const bool met =
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return begun_ >= together_; });
    if (!met) throw Error(ErrorKind::Internal, "the others never came");
    if (argv.back() == "bad") throw Error(ErrorKind::NotFound, "no such program");
    return {{}, argv.back()};
  }

 private:
  const std::size_t together_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t begun_ = 0;
};

TEST(RunAll, GivesWhatEachPrintedInOrder) {
  EchoCommands commands(1);
  std::vector<std::vector<std::string>> argvs;
  for (int i = 0; i < 50; ++i) argvs.push_back({"echo", std::to_string(i)});
  const auto outputs = run_all(commands, argvs);
  ASSERT_EQ(outputs.size(), 50u);
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i].text, std::to_string(i));
  EXPECT_THAT(run_all(commands, {}), IsEmpty());
}

TEST(RunAll, RunsSeveralAtATime) {
  EchoCommands commands(4);
  const std::vector<std::vector<std::string>> argvs(20, {"echo", "x"});
  EXPECT_EQ(run_all(commands, argvs).size(), 20u);
}

TEST(RunAll, ThrowsWhatOneThrew) {
  EchoCommands commands(1);
  std::vector<std::vector<std::string>> argvs(1000, {"echo", "x"});
  argvs.front().back() = "bad";
  EXPECT_ERROR(run_all(commands, argvs), ErrorKind::NotFound);
}

}  // namespace
}  // namespace snapferry::zfs
