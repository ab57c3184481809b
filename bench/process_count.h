#pragma once

#include <sys/types.h>

namespace snapferry::bench {

// Counts the processes that others start, threads not among them, by what the kernel tells about
// each fork (Documentation/driver-api/connector.rst, linux/cn_proc.h): nobody is traced, and the
// messages wait in a socket until they are asked for. Needs root.
class ProcessCount {
 public:
  // Begins. `failed()` says where the kernel does not tell.
  ProcessCount();
  ~ProcessCount();
  ProcessCount(const ProcessCount&) = delete;
  ProcessCount& operator=(const ProcessCount&) = delete;

  bool failed() const { return failed_; }

  // How many processes `root` and its descendants started since the beginning. Both are asked for
  // at once, because the messages are read then.
  struct Counts {
    long first = 0;
    long second = 0;
  };
  Counts read(pid_t first, pid_t second);

 private:
  bool listen();

  int socket_ = -1;
  bool failed_ = false;
};

}  // namespace snapferry::bench
