#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "platform/clock.h"
#include "stores/surroundings.h"

namespace snapferry::cli {

// The reader of standard output has gone: nothing more is worth doing for it. Not an
// Error, because there is nobody to tell.
struct BrokenPipe {};

// Where text and bytes go. Use from one thread at a time.
class Output {
 public:
  virtual ~Output() = default;
  // May keep the text until flush(). Throws BrokenPipe, or Error where a device fails.
  virtual void write(std::string_view text) = 0;
  virtual void flush() {}
  // Nothing more comes. Throws as flush() does: a file may fail only now.
  virtual void finish() { flush(); }
};

// Writes to a file descriptor, which it borrows, in large pieces.
class FdOutput : public Output {
 public:
  FdOutput(int fd, std::string_view subject) : fd_(fd), subject_(subject) {}
  void write(std::string_view text) override;
  void flush() override;
  void finish() override;

 private:
  int fd_;
  std::string_view subject_;
  std::string buffer_;
};

// Everything of the outside world that the program's front uses, so that tests can run
// it whole and in process. All members are borrowed and outlive the run.
struct Io {
  int input = -1;  // read by `backup --stdin`
  Output& out;
  Output& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // Of the terminal behind `err`, in columns, asked each time: windows are resized. Null: 80.
  std::function<unsigned()> terminal_width = {};
  std::string host = {};  // the name of this machine
  // What tells it from others of that name; null: what machine-id(5) says.
  std::function<ObjectId()> machine = {};
  platform::Clock& clock;
  const Cancellation& cancellation;
  std::function<std::optional<std::string>(const std::string& name)> environment = {};
  // Asks on the terminal without echo. Throws WrongPassword where there is no terminal,
  // Cancelled if interrupted.
  std::function<std::string(std::string_view prompt)> ask_secret = {};
  // Asks on the terminal and returns what was typed; nullopt where there is no terminal to ask on.
  // Throws Cancelled if interrupted. Null: there is none.
  std::function<std::optional<std::string>(std::string_view prompt)> ask = {};
  // The storage of a repository in a directory, which exists; null: the directory as it is.
  stores::OpenStorage storage = {};
  // The sources and stores that addresses mean; null: those of the system.
  stores::OpenEndpoints endpoints = {};

  unsigned width() const { return terminal_width ? terminal_width() : 80; }

  // The variable if it is set and not empty.
  std::optional<std::string> variable(const std::string& name) const {
    auto value = environment ? environment(name) : std::nullopt;
    return value && !value->empty() ? value : std::nullopt;
  }
};

}  // namespace snapferry::cli
