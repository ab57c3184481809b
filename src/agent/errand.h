#pragma once

#include <functional>
#include <memory>

#include "platform/fd.h"

namespace snapferry::agent {

// One thing that is done outside the sandbox, at most once, when the contained process asks for it:
// by a child process that is begun before the sandbox closes, holds nothing of the connection and
// is told nothing but to begin. What it does is fixed by then.
class Errand {
 public:
  // Begins the child, which ends with this process if it is never asked. Call it while no other
  // thread runs.
  explicit Errand(const std::function<void()>& work);
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  ~Errand();

  // Has it done and waits for that. Throws what `work` threw, and Unavailable if the child is gone,
  // as it is the second time.
  void run();

 private:
  platform::Fd socket_;
  int child_ = -1;
};

}  // namespace snapferry::agent
