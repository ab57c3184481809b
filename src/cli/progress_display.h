#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "cli/context.h"
#include "core/progress.h"

namespace snapferry::cli {

// What Progress counted at one moment.
struct ProgressSample {
  std::string phase;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_total = 0;
  double seconds = 0;  // since the phase began
};

// "reading  45%  1,234 files  1.2 GiB of 2.6 GiB  110.0 MiB/s  0:12 left", cut to
// `width` columns. Percent and time left only where a total is known and not exceeded.
std::string render_progress(const ProgressSample& sample, std::size_t width);

// What the end will be like, from experience, for work that does not know itself; 0: not
// known either.
struct ProgressEstimate {
  std::uint64_t files = 0;
};

// Shows `progress` from a thread of its own for as long as it lives: on a terminal one
// line, redrawn five times a second and cleared at the end; elsewhere a plain line every
// half minute. Nothing with --quiet or --no-progress.
class ProgressDisplay {
 public:
  ProgressDisplay(Context& context, const Progress& progress, ProgressEstimate estimate = {});
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  void run();
  void show();

  Console& console_;
  const Progress& progress_;
  const ProgressEstimate estimate_;
  const bool terminal_;
  const std::size_t width_;
  const char* phase_ = nullptr;
  std::chrono::steady_clock::time_point phase_began_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace snapferry::cli
