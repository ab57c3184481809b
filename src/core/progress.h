#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace snapferry {

// What long work counts while it runs, and a display reads from another thread.
// Counters only grow within a phase. `phase` points to a literal.
struct Progress {
  std::atomic<const char*> phase{""};
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
  // What they will be at the end of the phase; 0 while unknown.
  std::atomic<std::uint64_t> files_total{0};
  std::atomic<std::uint64_t> bytes_total{0};

  // Starts a phase: counters and totals go back to 0.
  void begin(const char* name) {
    files = 0;
    bytes = 0;
    files_total = 0;
    bytes_total = 0;
    phase = name;
  }
};

// Told about every file that could not be handled as asked, from any thread.
// `path` is relative to the volume, any bytes.
class ProblemSink {
 public:
  virtual ~ProblemSink() = default;
  virtual void problem(std::string_view path, std::string_view message) = 0;
};

}  // namespace snapferry
