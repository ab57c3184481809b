#include "testing/fake_commands.h"

#include <array>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "core/error.h"

namespace snapferry::testing {
namespace {

struct Pipe {
  platform::Fd read;
  platform::Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error(errno, "make it", "a pipe");
  return {platform::Fd(ends[0]), platform::Fd(ends[1])};
}

}  // namespace

// Its output and its input each have a thread, as a process would go on by itself.
class FakeCommands::FakeChild : public platform::Child {
 public:
  FakeChild(std::shared_ptr<State> state, FakeAnswer answer, const platform::StartOptions& options)
      : state_(std::move(state)), answer_(std::move(answer)) {
    if (options.output) {
      auto pipe = make_pipe();
      output_ = std::move(pipe.read);
      writer_ = std::thread([this, end = std::move(pipe.write)]() mutable {
        std::string_view rest = answer_.output;
        while (!rest.empty()) {
          const auto size = ::write(end.get(), rest.data(), rest.size());
          if (size <= 0) break;
          rest.remove_prefix(static_cast<std::size_t>(size));
        }
        end.reset();
      });
    }
    if (options.input) {
      auto pipe = make_pipe();
      input_ = std::move(pipe.write);
      reader_ = std::thread([this, end = std::move(pipe.read)] {
        std::array<char, 4096> buffer{};
        for (ssize_t size = 0; (size = ::read(end.get(), buffer.data(), buffer.size())) > 0;) {
          received_.append(buffer.data(), static_cast<std::size_t>(size));
        }
      });
    }
  }
  ~FakeChild() override { join(); }

  int input() const override { return input_.get(); }
  int output() const override { return output_.get(); }
  void close_input() override { input_.reset(); }
  platform::ExitReport wait() override {
    const bool had_input = reader_.joinable();
    join();
    const std::scoped_lock lock(state_->mutex);
    if (had_input) state_->input = received_;
    return {answer_.status, answer_.errors};
  }

 private:
  void join() {
    input_.reset();
    output_.reset();
    if (writer_.joinable()) writer_.join();
    if (reader_.joinable()) reader_.join();
  }

  std::shared_ptr<State> state_;
  const FakeAnswer answer_;
  std::string received_;
  platform::Fd input_;
  platform::Fd output_;
  std::thread writer_;
  std::thread reader_;
};

// As the program itself does: a closed pipe is an error, not the end.
FakeCommands::FakeCommands() { ::signal(SIGPIPE, SIG_IGN); }

void FakeCommands::expect(const std::string& command, FakeAnswer answer) {
  const std::scoped_lock lock(state_->mutex);
  state_->expected.push_back({command, std::move(answer)});
}

std::vector<std::string> FakeCommands::missing() const {
  const std::scoped_lock lock(state_->mutex);
  std::vector<std::string> missing;
  for (const auto& one : state_->expected) {
    if (!one.used) missing.push_back(one.command);
  }
  return missing;
}

std::size_t FakeCommands::count() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->count;
}

std::string FakeCommands::input() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->input;
}

std::unique_ptr<platform::Child> FakeCommands::start(const std::vector<std::string>& argv,
                                                     const platform::StartOptions& options) {
  std::string command;
  for (const auto& word : argv) command += (command.empty() ? "" : " ") + word;
  const std::scoped_lock lock(state_->mutex);
  for (auto& one : state_->expected) {
    if (one.used || one.command != command) continue;
    one.used = true;
    ++state_->count;
    return std::make_unique<FakeChild>(state_, one.answer, options);
  }
  throw Error(ErrorKind::Internal, "not expected: " + command);
}

}  // namespace snapferry::testing
