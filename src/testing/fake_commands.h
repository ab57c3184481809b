#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/command.h"

namespace snapferry::testing {

// What a process prints, and how it ends.
struct FakeAnswer {
  std::string output{};
  int status = 0;
  std::string errors{};
};

// Processes that are expected, one after another or in any order, with what they print and how
// they end. A process that nobody expected throws Internal, naming it; what it should have been
// is in missing(). Safe from several threads.
class FakeCommands : public platform::Commands {
 public:
  FakeCommands();

  // `command` is the argument vector with single blanks between. Each expectation is used once.
  void expect(const std::string& command, FakeAnswer answer = {});

  // Commands that were expected and not started.
  std::vector<std::string> missing() const;
  // How many were started.
  std::size_t count() const;
  // What was written to the standard input of the last process that had one and ended.
  std::string input() const;

  std::unique_ptr<platform::Child> start(const std::vector<std::string>& argv,
                                         const platform::StartOptions& options) override;

 private:
  class FakeChild;
  struct Expectation {
    std::string command;
    FakeAnswer answer;
    bool used = false;
  };
  struct State {
    mutable std::mutex mutex;
    std::vector<Expectation> expected;
    std::size_t count = 0;
    std::string input;
  };
  // Shared with the children, which may outlive a failing test.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace snapferry::testing
