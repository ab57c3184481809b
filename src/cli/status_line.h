#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/context.h"

namespace snapferry::cli {

// Shows what `render` says from a thread of its own for as long as it lives: on a terminal one
// line, redrawn five times a second and cleared at the end; elsewhere a plain line every half
// minute. Nothing with --quiet or --no-progress, nor where `render` gives nothing.
class StatusLine {
 public:
  // A line of at most `width` columns; called five times a second in either case, from the
  // thread.
  using Render = std::function<std::string(std::size_t width)>;

  StatusLine(Context& context, Render render);
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // False also where nothing is shown.
  bool is_on_terminal() const { return terminal_ && thread_.joinable(); }

 private:
  void run();
  std::size_t width() const;

  Console& console_;
  const Render render_;
  const Io& io_;
  const bool terminal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace snapferry::cli
