#pragma once

#include <chrono>
#include <string>

#include "cli/context.h"
#include "cli/status_line.h"
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

// Shows `progress` for as long as it lives, as a StatusLine.
class ProgressDisplay {
 public:
  ProgressDisplay(Context& context, const Progress& progress, ProgressEstimate estimate = {});

  // Whether someone sees how long it will take.
  bool is_on_terminal() const { return status_.is_on_terminal(); }

 private:
  std::string line(std::size_t width);

  const Progress& progress_;
  const ProgressEstimate estimate_;
  const char* phase_ = nullptr;
  std::chrono::steady_clock::time_point phase_began_;
  StatusLine status_;  // last, because it looks at the others
};

}  // namespace snapferry::cli
