#include "cli/progress_display.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/format.h"

namespace snapferry::cli {
namespace {

// The part that is done, by whatever total is known; 0 if none is, or if it proved wrong.
double done_part(const ProgressSample& sample) {
  if (sample.bytes_total > 0 && sample.bytes <= sample.bytes_total) {
    return static_cast<double>(sample.bytes) / static_cast<double>(sample.bytes_total);
  }
  if (sample.files_total > 0 && sample.files <= sample.files_total) {
    return static_cast<double>(sample.files) / static_cast<double>(sample.files_total);
  }
  return 0;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string render_progress(const ProgressSample& sample, std::size_t width) {
  std::string line = sample.phase;
  const auto add = [&](const std::string& part) {
    // What does not fit is left out whole; the most important parts come first.
    if (line.size() + 2 + part.size() <= width) line += (line.empty() ? "" : "  ") + part;
  };
  const double part = done_part(sample);
  if (part > 0) add(fmt::format("{:.0f}%", part * 100));
  if (sample.files > 0) add(counted(sample.files, "file", "files"));
  if (sample.bytes > 0) add(human_size(sample.bytes));
  if (sample.seconds >= 1 && sample.bytes > 0) {
    const double rate = static_cast<double>(sample.bytes) / sample.seconds;
    add(human_size(static_cast<std::uint64_t>(rate)) + "/s");
  }
  if (part > 0.01 && sample.seconds >= 1) {
    add(clock_text(sample.seconds * (1 - part) / part) + " left");
  }
  return line.substr(0, width);
}

ProgressDisplay::ProgressDisplay(Context& context, const Progress& progress,
                                 ProgressEstimate estimate)
    : progress_(progress),
      estimate_(estimate),
      phase_began_(std::chrono::steady_clock::now()),
      status_(context, [this](std::size_t width) { return line(width); }) {}

std::string ProgressDisplay::line(std::size_t width) {
  const auto now = std::chrono::steady_clock::now();
  const char* phase = progress_.phase.load();
  if (phase != phase_) {
    phase_ = phase;
    phase_began_ = now;
  }
  const std::chrono::duration<double> passed = now - phase_began_;
  ProgressSample sample{phase_ == nullptr ? "" : phase_, progress_.files,       progress_.bytes,
                        progress_.files_total,           progress_.bytes_total, passed.count()};
  if (sample.files_total == 0 && sample.bytes_total == 0) sample.files_total = estimate_.files;
  return render_progress(sample, width);
}

}  // namespace snapferry::cli
