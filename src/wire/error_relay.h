#pragma once

#include <mutex>
#include <string>
#include <thread>

#include "platform/fd.h"

namespace snapferry::wire {

// Takes what another program says on standard error: held back at first, because it may become
// the cause in an error's one line, then passed on, line by line, printable and led by a name.
// Keeps the last 4 KiB. Safe from several threads.
class ErrorRelay {
 public:
  // Lines go to `output`, borrowed, as "NAME: LINE".
  ErrorRelay(std::string name, int output);
  ErrorRelay(const ErrorRelay&) = delete;
  ErrorRelay& operator=(const ErrorRelay&) = delete;
  // Does not wait for others that still have the other end (a persistent ssh master does).
  ~ErrorRelay() { stop(); }

  // For the other program; to be closed here once it was started.
  int write_end() const { return write_end_.get(); }
  void close_write_end() { write_end_.reset(); }

  // From here on, and what was held back so far.
  void pass_on();
  // Takes what is there and returns the tail of all.
  std::string stop();

 private:
  void drain();
  void take(std::string_view text);
  void print_lines();

  const std::string name_;
  const int output_;
  platform::Fd read_end_;
  platform::Fd write_end_;
  platform::Fd stop_;
  std::mutex mutex_;
  std::string tail_;
  std::string unprinted_;
  bool passing_ = false;
  std::thread reader_;
};

}  // namespace snapferry::wire
